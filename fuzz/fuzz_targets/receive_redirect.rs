#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| saml_sp_fuzz::run("receive_redirect", input));
