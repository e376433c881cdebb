//! Validation of the code, and the room on the stack that each function takes.

use super::FEATURES;
use wasmparser::{BinaryReaderError, FuncValidatorAllocations, Parser, ValidPayload, Validator};

/// Validates `code`. Returns the number of values that a call of each function with a body keeps on
/// the stack at most: parameters, locals and operands.
///
/// # Errors
/// The first error of the validator.
pub fn validated(code: &[u8]) -> Result<Vec<u64>, BinaryReaderError> {
    let mut validator = Validator::new_with_features(FEATURES);
    let mut allocations = FuncValidatorAllocations::default();
    let mut sizes = Vec::new();
    for payload in Parser::new(0).parse_all(code) {
        let ValidPayload::Func(function, body) = validator.payload(&payload?)? else {
            continue;
        };
        let mut function = function.into_validator(allocations);
        let mut reader = body.get_binary_reader();
        function.read_locals(&mut reader)?;
        reader.set_features(FEATURES);
        let mut operands = 0;
        while !reader.eof() {
            let at = reader.original_position();
            reader.visit_operator(&mut function.visitor(at))??;
            operands = operands.max(function.operand_stack_height());
        }
        let end = reader.original_position();
        reader.finish_expression(&function.visitor(end))?;
        sizes.push(u64::from(function.len_locals()).saturating_add(operands.into()));
        allocations = function.into_allocations();
    }
    Ok(sizes)
}
