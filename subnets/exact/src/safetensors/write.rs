//! A writer of safetensors files, for small models that a program makes.

use alloc::{format, string::String, vec::Vec};

/// Returns a file with `tensors` in the given order: name, shape and values of each.
///
/// Names are written as they are: letters, digits, `.` and `_`. A reader checks the rest, such as
/// a shape that does not fit its values.
pub fn write(tensors: &[(&str, &[usize], &[f32])]) -> Vec<u8> {
    let mut entries = Vec::new();
    let mut data = Vec::new();
    for (name, shape, values) in tensors {
        let begin = data.len();
        data.extend(values.iter().flat_map(|value| value.to_le_bytes()));
        let shape: Vec<String> = shape
            .iter()
            .map(|dimension| format!("{dimension}"))
            .collect();
        entries.push(format!(
            "\"{name}\":{{\"dtype\":\"F32\",\"shape\":[{}],\"data_offsets\":[{begin},{}]}}",
            shape.join(","),
            data.len()
        ));
    }
    let mut header = format!("{{{}}}", entries.join(",")).into_bytes();
    // The format's own writer aligns the data to 8 bytes with spaces.
    header.resize(header.len().next_multiple_of(8), b' ');
    // `usize` has at most 64 bits on every target of Rust.
    let length = u64::try_from(header.len()).unwrap_or(u64::MAX);
    let mut file = Vec::from(length.to_le_bytes());
    file.append(&mut header);
    file.append(&mut data);
    file
}
