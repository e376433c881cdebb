//! The steps of a phase on several threads, with the same outputs as in sequence.

use crate::{Carry, Chunk, Epoch, Work};
use inktensor_primitives::kernel::{KernelError, StepOutput};
use std::{
    sync::atomic::{AtomicUsize, Ordering},
    thread,
};

/// Computes all steps of the phase of `carry`. Returns the next phase's carry, and the outputs in
/// order.
///
/// `chunks` are all chunks of the subnet, in order.
///
/// # Errors
/// The error of the first step that fails.
pub fn phase(
    epoch: &Epoch,
    carry: Carry,
    chunks: &[Chunk],
    threads: usize,
) -> Result<(Carry, Vec<StepOutput>), KernelError> {
    let works = work(epoch, &carry, chunks, threads);
    let mut carry = carry;
    let mut outputs = Vec::with_capacity(chunks.len());
    for (number, work) in (0u16..).zip(works) {
        let (next, output) = carry.advance(epoch, number, work?)?;
        carry = next;
        outputs.push(output);
    }
    Ok((carry, outputs))
}

/// Works on all chunks and returns the work in order of chunk. A free thread takes the next chunk.
fn work(
    epoch: &Epoch,
    carry: &Carry,
    chunks: &[Chunk],
    threads: usize,
) -> Vec<Result<Work, KernelError>> {
    if threads <= 1 || chunks.len() <= 1 {
        return chunks
            .iter()
            .map(|chunk| carry.work(epoch, chunk))
            .collect();
    }
    let next = AtomicUsize::new(0);
    let take = || {
        let mut done = Vec::new();
        loop {
            let number = next.fetch_add(1, Ordering::Relaxed);
            let Some(chunk) = chunks.get(number) else {
                return done;
            };
            done.push((number, carry.work(epoch, chunk)));
        }
    };
    let mut works = thread::scope(|scope| {
        let others: Vec<_> = (1..threads.min(chunks.len()))
            .map(|_| scope.spawn(take))
            .collect();
        let mut works = take();
        for other in others {
            match other.join() {
                Ok(more) => works.extend(more),
                Err(panic) => std::panic::resume_unwind(panic),
            }
        }
        works
    });
    works.sort_unstable_by_key(|(number, _)| *number);
    works.into_iter().map(|(_, work)| work).collect()
}
