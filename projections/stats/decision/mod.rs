//! The decision: which platform is best, what choosing one by one is worth, and whom priorities favour.
//!
//! Choosing by the same noisy numbers that are then reported flatters the choice. So nothing here compares
//! observed maxima: shares are beliefs, distributions of what they may truly be, and values are expectations over
//! them. Integrals are done by quadrature, without any random number, so that the same counts always give the
//! same answer.
//!
//! Files: [`evidence`] is what is known and whether it is enough, [`joint`] the model of all cells, [`conclusion`]
//! the verdict that both allow, [`belief`] is what one share may be, [`best`] which of several is the highest,
//! [`choice`] what a range is worth over one platform for all, [`policy`] which of them to allow, [`interaction`]
//! whether the best really differs from stratum to stratum, [`crossfit`] what a range gains where it was not
//! chosen, [`acceptability`] for which priorities an option comes first.

pub mod acceptability;
pub mod belief;
pub mod best;
pub mod choice;
pub mod conclusion;
pub mod crossfit;
pub mod evidence;
pub mod gap;
pub mod interaction;
pub mod joint;
pub mod policy;
