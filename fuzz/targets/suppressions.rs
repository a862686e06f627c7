//! Manifests with comments that suppress.
#![no_main]

libfuzzer_sys::fuzz_target!(init: kubeready_fuzz::alone(), |data: &[u8]| kubeready_fuzz::suppressions(data));
