//! Templates, alone and as charts.
#![no_main]

libfuzzer_sys::fuzz_target!(init: kubeready_fuzz::alone(), |data: &[u8]| kubeready_fuzz::templates(data));
