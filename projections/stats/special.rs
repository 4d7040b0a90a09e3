//! Special functions: the distributions from which critical values and exact limits come.
//!
//! They are written out here because limits must be the same on every platform, and the standard library
//! leaves the precision of `ln`, `exp` and their kin open. Only `libm` and exactly rounded operations are used.
//! Outside its domain a function returns NaN, as `sqrt` does; an estimate never lets that through.
//!
//! Sources: Wichura 1988 (AS 241); Loader 2000, "Fast and accurate computation of binomial probabilities";
//! Temme 1979 and 1987 for large parameters; Thompson & Barnett 1986 for continued fractions; NIST DLMF 8.

pub mod beta;
pub mod binomial;
pub mod chi_square;
pub mod gamma;
pub mod normal;
pub mod quadrature;
pub(in crate::stats) mod root;
pub mod student;
