//! Reading and checking a proof.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| bodies::proof(data));
