//! The messages of a kernel, and their answers.

use super::EngineError;
use inktensor_primitives::kernel::{KernelError, STATIC_BUFFER};
use scale::{Decode, DecodeAll};

/// Bytes that a call takes in the epoch contract's buffer beside its input: callee and value.
const CALL_FRAME: usize = 32 + 16;

/// Selector of `IncentiveKernel::plan`.
pub const PLAN: [u8; 4] = ink::selector_bytes!("IncentiveKernel::plan");
/// Selector of `IncentiveKernel::step`.
pub const STEP: [u8; 4] = ink::selector_bytes!("IncentiveKernel::step");

/// Selector of `StepsKernel::steps`.
pub const STEPS: [u8; 4] = ink::selector_bytes!("StepsKernel::steps");

/// Unwraps the layers around the result of a message with `input` bytes: ink!'s own, then the
/// kernel's.
pub fn decode<T: Decode>(answer: &[u8], input: usize) -> Result<T, EngineError> {
    let room = STATIC_BUFFER.saturating_sub(CALL_FRAME.saturating_add(input));
    if answer.len() > room {
        // The epoch contract traps at an answer that does not fit, so the chain has no verdict.
        return Err(EngineError::Stopped(format!(
            "its answer has {} bytes, and the chain has room for {room}",
            answer.len()
        )));
    }
    let result = <Result<Result<T, KernelError>, ink::LangError>>::decode_all(&mut &answer[..])
        .map_err(|error| EngineError::BadAnswer(error.to_string().replace('\n', " ")))?;
    match result {
        Ok(Ok(value)) => Ok(value),
        Ok(Err(error)) => Err(EngineError::Kernel(error)),
        Err(_) => Err(EngineError::BadAnswer("it could not read its input".into())),
    }
}
