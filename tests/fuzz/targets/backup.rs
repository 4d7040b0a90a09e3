//! Restoring a backup.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| bodies::backup(data));
