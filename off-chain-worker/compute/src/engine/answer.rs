//! The messages of a kernel, and their answers.

use super::EngineError;
use inktensor_primitives::kernel::KernelError;
use scale::{Decode, DecodeAll};

/// Selector of `IncentiveKernel::plan`.
pub const PLAN: [u8; 4] = ink::selector_bytes!("IncentiveKernel::plan");
/// Selector of `IncentiveKernel::step`.
pub const STEP: [u8; 4] = ink::selector_bytes!("IncentiveKernel::step");

/// Unwraps the layers around a message's result: ink!'s own, then the kernel's.
pub fn decode<T: Decode>(answer: &[u8]) -> Result<T, EngineError> {
    let result = <Result<Result<T, KernelError>, ink::LangError>>::decode_all(&mut &answer[..])
        .map_err(|error| EngineError::BadAnswer(error.to_string().replace('\n', " ")))?;
    match result {
        Ok(Ok(value)) => Ok(value),
        Ok(Err(error)) => Err(EngineError::Kernel(error)),
        Err(_) => Err(EngineError::BadAnswer("it could not read its input".into())),
    }
}
