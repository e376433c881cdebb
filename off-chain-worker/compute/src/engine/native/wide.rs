//! The linked kernel's work, compiled for the widest vectors of this machine.
//!
//! A native build is for any processor of its kind, whose vectors are narrow. So the work on a
//! chunk is compiled several times, and the version for this processor runs. The bytes are the
//! same: all arithmetic is on integers.

use inktensor_primitives::kernel::KernelError;
use inktensor_yuma::{ChunkWork, Room, Work};
use pulp::{Arch, Simd, WithSimd};

/// Does the work of `task`.
///
/// # Errors
/// Those of the work.
pub fn run(task: ChunkWork, room: &mut Room) -> Result<Work, KernelError> {
    Arch::new().dispatch(Wide(task, room))
}

struct Wide<'a>(ChunkWork<'a>, &'a mut Room);

impl WithSimd for Wide<'_> {
    type Output = Result<Work, KernelError>;

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) -> Self::Output {
        let Self(task, room) = self;
        task.run(room)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::vectors;
    use inktensor_primitives::kernel::{Rows, StepOutput};
    use inktensor_yuma::{Carry, Chunk, Epoch};
    use pulp::Scalar;

    type Runner = fn(ChunkWork, &mut Room) -> Result<Work, KernelError>;

    /// Returns the outputs of all steps, whose work `run` does.
    fn outputs(vector: &vectors::Vector, run: Runner) -> Vec<StepOutput> {
        let header = vector.header([7; 32]);
        let epoch = Epoch::new(&header).unwrap();
        let inputs = vector.inputs(header.clone(), epoch.plan());
        let (none, mut room) = (Rows::new(), Room::default());
        let mut carry = Carry::first(&epoch);
        let mut outputs: Vec<StepOutput> = Vec::new();
        for (phase, reads) in (0..).zip(&epoch.plan().phases) {
            let before = outputs.len().saturating_sub(inputs.chunks.len());
            let scratches: Vec<Vec<u8>> = (0..inputs.chunks.len())
                .map(|chunk| match phase {
                    0 => Vec::new(),
                    _ => outputs[before + chunk].scratch.clone(),
                })
                .collect();
            let chunk = |number: u16| -> Chunk {
                let at = usize::from(number);
                let rows = if reads.rows {
                    &inputs.chunks[at].rows
                } else {
                    &none
                };
                let memory = if reads.memory {
                    &inputs.memory[at][..]
                } else {
                    &[]
                };
                let neurons = &inputs.chunks[at].neurons;
                epoch
                    .chunk(phase, number, neurons, rows, &scratches[at], memory)
                    .unwrap()
            };
            let chunks: Vec<Chunk> = (0..).take(scratches.len()).map(chunk).collect();
            let works = chunks
                .iter()
                .map(|chunk| run(carry.task(&epoch, chunk), &mut room));
            let works: Vec<_> = works.collect();
            for (chunk, work) in (0..).zip(works) {
                let (next, output) = carry.advance(&epoch, chunk, work.unwrap()).unwrap();
                carry = next;
                outputs.push(output);
            }
        }
        outputs
    }

    #[test]
    fn every_width_of_vectors_gives_the_same_bytes() {
        let text = include_str!("../../../../../contracts/kernels/yuma/vectors/yuma.jsonl");
        let mut widths: Vec<Runner> = vec![
            |task, room| Scalar::new().vectorize(Wide(task, room)),
            |task, room| task.run(room),
        ];
        #[cfg(target_arch = "x86_64")]
        if pulp::x86::V3::try_new().is_some() {
            widths.push(|task, room| {
                let narrower = pulp::x86::V3::try_new().unwrap();
                pulp::Simd::vectorize(narrower, Wide(task, room))
            });
        }
        for located in vectors::read("yuma.jsonl", text).unwrap() {
            let widest = outputs(&located.vector, run);
            for width in &widths {
                assert_eq!(outputs(&located.vector, *width), widest);
            }
        }
    }
}
