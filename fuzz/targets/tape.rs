//! Any text to the tape of its nodes.
#![no_main]

libfuzzer_sys::fuzz_target!(init: kubeready_fuzz::alone(), |data: &[u8]| kubeready_fuzz::tape(data));
