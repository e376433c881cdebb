use super::*;
use crate::{
    guest::{DONE, REFUSED, SHAPE, TOO_LONG},
    Fold, Measure, Refused, Stop,
};
use alloc::vec;

/// A number below ten.
#[derive(Debug, PartialEq)]
struct Digit(u8);

impl Load for Digit {
    const MAX_BYTES: usize = 2;

    fn load(blob: &[u8]) -> Result<Self, Refused> {
        match blob {
            [digit @ 0..10] => Ok(Digit(*digit)),
            _ => Err(Refused("not a digit")),
        }
    }
}

impl Blob for Digit {
    fn to_blob(&self) -> Vec<u8> {
        vec![self.0]
    }
}

/// Sums of digits modulo the one with which the fold was made.
struct Sums(u8);

impl Fold for Sums {
    type State = Digit;
    type Joining = (u8, Vec<u16>);

    fn start(&self, seed: &Seed) -> Result<Digit, Stop> {
        Ok(Digit(seed.0[0] % self.0))
    }

    fn step(&self, state: Digit, assignment: &Assignment) -> Result<Digit, Stop> {
        let Assignment { epoch, seat, step } = assignment;
        let sum = u32::from(epoch.0[31]) + u32::from(seat.uid) + seat.generation + step;
        let sum = (sum + u32::from(state.0)) % u32::from(self.0);
        Ok(Digit(u8::try_from(sum).unwrap_or(0)))
    }

    fn begin_join(&self, start: Digit) -> Result<Self::Joining, Stop> {
        Ok((start.0, Vec::new()))
    }

    fn add_end(&self, joining: &mut Self::Joining, end: End<Digit>) -> Result<(), Stop> {
        if end.seat.generation == 0 {
            return Err(Refused("no generation").into());
        }
        joining.0 = (joining.0 + end.state.0) % self.0;
        joining.1.extend([end.seat.uid, end.steps]);
        Ok(())
    }

    fn finish_join(&self, joining: Self::Joining) -> Result<Digit, Stop> {
        Ok(Digit(joining.0))
    }

    fn measure(&self, state: &Digit, seed: &Seed) -> Result<Measure, Stop> {
        Ok(Measure(256 * u64::from(state.0) + u64::from(seed.0[0])))
    }
}

impl NamedFold for Sums {
    const NAME: &'static str = "sums/1";
    const MAX_DATA: usize = 3;

    fn of_blobs(state: &Digit, data: Vec<u8>) -> Result<Self, Refused> {
        match (state.0, &data[..]) {
            (0, _) => Err(Refused("no sums of zero")),
            (digit, b"dat") => Ok(Sums(digit)),
            _ => Err(Refused("other data")),
        }
    }
}

fn done(result: &[u8]) -> Vec<u8> {
    [&[DONE], result].concat()
}

fn refused(reason: &str) -> Vec<u8> {
    [&[REFUSED], reason.as_bytes()].concat()
}

#[test]
fn description_is_that_of_the_specification() {
    let description = [&[0, 1, 0, 0, 0, 2, 0, 0, 0, 3, 0, 0, 0][..], b"sums/1"].concat();
    assert_eq!(describe::<Sums>(), description);
}

#[test]
fn fold_is_made_of_the_state_and_the_data() {
    let load = |input: &[u8]| load::<Sums>(input.to_vec()).map(|it| it.0);
    assert_eq!(load(b"\x01\0\0\0\x07dat"), Ok(7));
    assert_eq!(load(b"\x01\0\0\0\0dat"), Err(refused("no sums of zero")));
    assert_eq!(load(b"\x01\0\0\0\x07day"), Err(refused("other data")));
    assert_eq!(load(b"\x01\0\0\0xdat"), Err(refused("not a digit")));
    assert_eq!(load(b"\x02\0\0\0\x07"), Err(vec![SHAPE]));
    assert_eq!(load(b"\x01\0\0"), Err(vec![SHAPE]));
    let too_long = vec![TOO_LONG, 4, 0, 0, 0, 3, 0, 0, 0];
    assert_eq!(load(b"\x01\0\0\0\x07data"), Err(too_long));
    let too_long = vec![TOO_LONG, 3, 0, 0, 0, 2, 0, 0, 0];
    assert_eq!(load(b"\x03\0\0\0\x07\x07\x07dat"), Err(too_long));
}

#[test]
fn inputs_are_read_to_the_last_byte() {
    let fold = Sums(10);
    assert_eq!(start(&fold, vec![19; 32]), done(&[9]));
    assert_eq!(start(&fold, vec![19; 31]), [SHAPE]);
    let assignment = Assignment {
        epoch: Seed([1; 32]),
        seat: Seat {
            uid: 300,
            generation: 70_000,
        },
        step: 2,
    };
    let head = assignment_bytes(&assignment);
    assert_eq!(head.len(), ASSIGNMENT_BYTES);
    let before = |state: &[u8]| step(&fold, [&head, state].concat());
    assert_eq!(before(&[4]), done(&[7]));
    assert_eq!(before(&[10]), refused("not a digit"));
    assert_eq!(before(&[]), refused("not a digit"));
    assert_eq!(before(&[0; 3])[0], TOO_LONG);
    assert_eq!(step(&fold, head[1..].to_vec()), [SHAPE]);
    let measured = measure(&fold, [&[3; 32][..], &[2]].concat());
    assert_eq!(measured, done(&[3, 2, 0, 0, 0, 0, 0, 0]));
    assert_eq!(measure(&fold, vec![0; 31]), [SHAPE]);
}

#[test]
fn join_takes_ends_one_by_one_and_is_over_after_a_refusal() {
    let fold = Sums(10);
    let seat = |generation| Seat { uid: 5, generation };
    let end = |generation, state| [end_bytes(seat(generation), 7), vec![state]].concat();
    assert_eq!(end(1, 2).len(), END_BYTES + 1);
    let mut joining = None;
    assert_eq!(add_end(&fold, &mut joining, end(1, 3)), [SHAPE]);
    assert_eq!(begin_join(&fold, &mut joining, vec![2]), done(&[]));
    assert_eq!(add_end(&fold, &mut joining, end(1, 3)), done(&[]));
    assert_eq!(add_end(&fold, &mut joining, end(9, 4)), done(&[]));
    let (_, read) = joining.as_ref().unwrap();
    assert_eq!(read, &[5, 7, 5, 7]);
    assert_eq!(finish_join(&fold, &mut joining, vec![]), done(&[9]));
    assert_eq!(finish_join(&fold, &mut joining, vec![]), [SHAPE]);
    assert_eq!(begin_join(&fold, &mut joining, vec![2]), done(&[]));
    let outcome = add_end(&fold, &mut joining, end(0, 3));
    assert_eq!(outcome, refused("no generation"));
    assert_eq!(add_end(&fold, &mut joining, end(1, 3)), [SHAPE]);
}
