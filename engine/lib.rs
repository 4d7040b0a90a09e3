//! The engine: keeping and showing.
