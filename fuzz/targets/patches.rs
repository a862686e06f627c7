//! A document, and a patch of either kind for it.
#![no_main]

libfuzzer_sys::fuzz_target!(init: kubeready_fuzz::alone(), |data: &[u8]| kubeready_fuzz::patches(data));
