//! The folder of a store, beside its database: who has it open, which format it has, how far events were acknowledged,
//! and of which events the content was destroyed.

pub(in crate::log) mod disk;
pub(in crate::log) mod home;
pub(in crate::log) mod remains;
pub(in crate::log) mod witness;
