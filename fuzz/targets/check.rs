//! Any bytes as a repository of manifests.
#![no_main]

libfuzzer_sys::fuzz_target!(init: kubeready_fuzz::alone(), |data: &[u8]| kubeready_fuzz::check(data));
