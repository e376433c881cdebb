use alloc::{format, string::ToString, vec, vec::Vec};

use proptest::prelude::*;

use super::*;

fn file(header: &str, data: &[u8]) -> Vec<u8> {
    let mut file = Vec::from((header.len() as u64).to_le_bytes());
    file.extend_from_slice(header.as_bytes());
    file.extend_from_slice(data);
    file
}

fn entry(name: &str, dtype: &str, shape: &str, begin: u64, end: u64) -> String {
    format!(
        "\"{name}\":{{\"dtype\":\"{dtype}\",\"shape\":{shape},\"data_offsets\":[{begin},{end}]}}"
    )
}

fn refused(header: &str, data: &[u8]) -> SafeTensorsError {
    SafeTensors::parse(&file(header, data)).unwrap_err()
}

#[test]
fn written_tensors_are_read_back() {
    let bytes = write(&[("b", &[2, 2], &[1.0, -2.5, 0.0, 3.0]), ("a", &[1], &[7.0])]);
    let tensors = SafeTensors::parse(&bytes).unwrap();
    assert_eq!(tensors.names().collect::<Vec<_>>(), ["a", "b"]);
    assert_eq!(tensors.f32("b", &[2, 2]).unwrap(), [1.0, -2.5, 0.0, 3.0]);
    assert_eq!(tensors.f32("a", &[1]).unwrap(), [7.0]);
}

#[test]
fn tensor_of_another_dtype_is_skipped_and_cannot_be_read() {
    let header = format!(
        "{{{},{}}}",
        entry("ids", "I64", "[1]", 0, 8),
        entry("w", "F32", "[]", 8, 12)
    );
    let file = file(&header, &[0; 12]);
    let tensors = SafeTensors::parse(&file).unwrap();
    assert_eq!(tensors.f32("w", &[]).unwrap(), [0.0]);
    let fault = tensors.f32("ids", &[1]).unwrap_err();
    assert_eq!(
        fault.to_string(),
        "the tensor `ids` is of dtype I64; convert it to F32"
    );
}

#[test]
fn faults_of_a_tensor_name_it() {
    let bytes = write(&[("w", &[2], &[1.0, f32::NAN])]);
    let tensors = SafeTensors::parse(&bytes).unwrap();
    let fault = |name, shape: &[usize]| tensors.f32(name, shape).unwrap_err().to_string();
    assert_eq!(fault("v", &[2]), "the file does not have the tensor `v`");
    assert_eq!(
        fault("w", &[1, 2]),
        "the tensor `w` is of shape [2], the model demands [1, 2]"
    );
    assert_eq!(
        fault("w", &[2]),
        "value 1 of the tensor `w` is not a finite number"
    );
}

#[test]
fn ranges_outside_the_data_are_refused() {
    let refusal = refused(&format!("{{{}}}", entry("w", "F32", "[1]", 0, 4)), &[0; 3]);
    assert_eq!(
        refusal,
        SafeTensorsError::Range {
            name: "w".into(),
            begin: 0,
            end: 4,
            data: 3
        }
    );
    let refusal = refused(&format!("{{{}}}", entry("w", "F32", "[1]", 4, 0)), &[0; 4]);
    assert!(
        matches!(refusal, SafeTensorsError::Range { .. }),
        "{refusal}"
    );
    // Bounds that no `u64` holds are no numbers.
    let header =
        "{\"w\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,99999999999999999999]}}";
    assert!(matches!(
        refused(header, &[]),
        SafeTensorsError::Json { .. }
    ));
}

#[test]
fn size_that_does_not_fit_the_shape_is_refused() {
    let refusal = refused(&format!("{{{}}}", entry("w", "F32", "[2]", 0, 4)), &[0; 4]);
    assert!(
        matches!(refusal, SafeTensorsError::Size { .. }),
        "{refusal}"
    );
    // The product of the shape is over 2^64.
    let huge = "[4294967296,4294967296]";
    let refusal = refused(&format!("{{{}}}", entry("w", "F32", huge, 0, 0)), &[]);
    assert!(
        matches!(refusal, SafeTensorsError::Size { .. }),
        "{refusal}"
    );
}

#[test]
fn overlaps_gaps_and_duplicates_are_refused() {
    let two = |a: String, b: String| format!("{{{a},{b}}}");
    let overlap = two(
        entry("a", "F32", "[2]", 0, 8),
        entry("b", "F32", "[1]", 4, 8),
    );
    let expected = SafeTensorsError::Overlap {
        name: "b".into(),
        other: "a".into(),
    };
    assert_eq!(refused(&overlap, &[0; 8]), expected);
    let gap = two(
        entry("a", "F32", "[1]", 0, 4),
        entry("b", "F32", "[1]", 8, 12),
    );
    assert_eq!(
        refused(&gap, &[0; 12]),
        SafeTensorsError::Gap { begin: 4, end: 8 }
    );
    let tail = format!("{{{}}}", entry("a", "F32", "[1]", 0, 4));
    assert_eq!(
        refused(&tail, &[0; 5]),
        SafeTensorsError::Gap { begin: 4, end: 5 }
    );
    let twice = two(
        entry("a", "F32", "[1]", 0, 4),
        entry("a", "F32", "[1]", 4, 8),
    );
    assert_eq!(
        refused(&twice, &[0; 8]),
        SafeTensorsError::Duplicate { name: "a".into() }
    );
}

#[test]
fn limits_hold_at_their_bound() {
    let header = |length: usize| String::from("{}") + &" ".repeat(length - 2);
    assert!(SafeTensors::parse(&file(&header(HEADER_LIMIT), &[])).is_ok());
    let length = HEADER_LIMIT as u64 + 1;
    assert_eq!(
        refused(&header(HEADER_LIMIT + 1), &[]),
        SafeTensorsError::HeaderTooLong { length }
    );

    let named = |name: usize| format!("{{{}}}", entry(&"n".repeat(name), "F32", "[0]", 0, 0));
    assert!(SafeTensors::parse(&file(&named(NAME_LIMIT), &[])).is_ok());
    assert_eq!(
        refused(&named(NAME_LIMIT + 1), &[]),
        SafeTensorsError::NameTooLong { at: 2 }
    );

    let ranked = |rank: usize| {
        let shape = format!("[{}]", vec!["0"; rank].join(","));
        format!("{{{}}}", entry("w", "F32", &shape, 0, 0))
    };
    assert!(SafeTensors::parse(&file(&ranked(RANK_LIMIT), &[])).is_ok());
    assert_eq!(
        refused(&ranked(RANK_LIMIT + 1), &[]),
        SafeTensorsError::Rank { name: "w".into() }
    );

    let many = |count: usize| {
        let entries: Vec<_> = (0..count)
            .map(|n| entry(&n.to_string(), "U8", "[0]", 0, 0))
            .collect();
        format!("{{{}}}", entries.join(","))
    };
    assert!(SafeTensors::parse(&file(&many(TENSORS_LIMIT), &[])).is_ok());
    assert_eq!(
        refused(&many(TENSORS_LIMIT + 1), &[]),
        SafeTensorsError::TooManyTensors
    );
}

#[test]
fn header_longer_than_the_file_is_refused_without_reading_it() {
    let huge = SafeTensors::parse(&u64::MAX.to_le_bytes()).unwrap_err();
    assert_eq!(huge, SafeTensorsError::HeaderTooLong { length: u64::MAX });
    let cut = SafeTensors::parse(&9_u64.to_le_bytes()).unwrap_err();
    assert_eq!(
        cut,
        SafeTensorsError::HeaderCut {
            length: 9,
            found: 0
        }
    );
    assert_eq!(
        SafeTensors::parse(&[0; 7]).unwrap_err(),
        SafeTensorsError::Short { found: 7 }
    );
}

proptest! {
    #[test]
    fn damaged_files_never_panic(at in 0_usize..200, byte: u8, cut in 0_usize..200) {
        let mut bytes = write(&[("first", &[2, 3], &[1.0; 6]), ("second", &[4], &[2.0; 4])]);
        let place = at % bytes.len();
        bytes[place] = byte;
        bytes.truncate(bytes.len() - cut % bytes.len());
        if let Ok(tensors) = SafeTensors::parse(&bytes) {
            let lengths = tensors.entries.iter().map(|entry| entry.end - entry.begin);
            prop_assert_eq!(lengths.sum::<usize>(), tensors.data.len());
        }
    }

    #[test]
    fn any_header_is_parsed_or_refused(header in "[\\[\\]{}\":,0-9a-z_ \\\\]{0,60}") {
        let _ = SafeTensors::parse(&file(&header, &[]));
    }
}
