//! Conversion from the JSON form to an epoch's inputs, as the chain would hold them.

use super::form::{Input, Row, Vector};
use crate::epoch::EpochInputs;
use inktensor_primitives::{
    kernel::{
        Budget, ChunkInputs, EpochHeader, EpochPlan, NeuronInput, Rows, YumaParams, NO_COMMIT,
    },
    AccountId, Digest, NetUid, Rao, Uid,
};
use inktensor_yuma::{epoch::MAX_PERMITS, memory::MemoryWriter};
use scale::Encode;
use std::collections::HashMap;

/// Number of the epoch. Not the first, so that an epoch before it can have left bonds.
const EPOCH: u32 = 1;

impl Vector {
    /// Returns the header of the epoch for the kernel with code hash `kernel_code`.
    ///
    /// Deployment, subnet and opening block are not part of the form and have no effect on results;
    /// they are zero.
    pub fn header(&self, kernel_code: Digest) -> EpochHeader {
        let params = &self.input.params;
        let neurons = self.neurons();
        EpochHeader {
            contract: AccountId::from([0; 32]),
            netuid: NetUid(0),
            epoch: EPOCH,
            final_epoch: EPOCH.checked_sub(1),
            opened_at: params.last_mechanism_step_block,
            closed_at: params.current_block,
            previous_close: params.last_mechanism_step_block,
            tempo: params.tempo,
            neurons,
            kernel: AccountId::from([0; 32]),
            kernel_code,
            params: self.input.kernel_params().encode(),
            // More permits than neurons are as many as neurons.
            max_validators: match params.max_allowed_validators {
                most if most > MAX_PERMITS => most.min(neurons),
                most => most,
            },
            owner_uid: params.owner_uid.map(Uid),
            budget: Budget::Combined(Rao(params.rao_emission)),
            roster: self.input.roster().map(Uid).collect(),
            previous: [0; 32],
        }
    }

    /// Returns the inputs of the epoch of `header`, cut into chunks by `plan`.
    ///
    /// Rows become canonical: sorted, without zeros, and without those of neurons that have no
    /// permit.
    pub fn inputs(&self, header: EpochHeader, plan: &EpochPlan) -> EpochInputs {
        let weights = by_owner(&self.input.weights);
        let bonds = by_owner(&self.input.bonds);
        let spans = (0..plan.chunks(header.neurons)).map(|chunk| plan.span(chunk, header.neurons));
        let (chunks, memory) = spans
            .map(|(start, len)| {
                let mut rows = Rows::default();
                for row in dense(&weights, &header.roster, start, len) {
                    rows.push_cells(&row);
                }
                let neurons = self.input.chunk(start, len);
                let inputs = ChunkInputs { neurons, rows };
                let mut memory = MemoryWriter::new(start, len);
                for (uid, row) in
                    header
                        .roster
                        .iter()
                        .zip(dense(&bonds, &header.roster, start, len))
                {
                    memory.push(*uid, &row);
                }
                (inputs, memory.end())
            })
            .unzip();
        EpochInputs {
            header,
            chunks,
            memory,
        }
    }

    /// Returns the number of neurons, which the reader of JSON has checked.
    pub fn neurons(&self) -> u16 {
        u16::try_from(self.input.neurons.len()).unwrap_or(u16::MAX)
    }
}

impl Input {
    /// Returns the kernel's part of the parameters.
    pub fn kernel_params(&self) -> YumaParams {
        let params = &self.params;
        YumaParams {
            activity_cutoff: params.activity_cutoff,
            min_stake: Rao(params.min_stake),
            kappa: params.kappa,
            bonds_penalty: params.bonds_penalty,
            bonds_moving_average: params.bonds_moving_average,
            yuma3: params.yuma3,
            liquid_alpha: params.liquid_alpha,
            alpha_low: params.alpha_low,
            alpha_high: params.alpha_high,
            alpha_sigmoid_steepness: params.alpha_sigmoid_steepness,
            commit_reveal: params.commit_reveal,
        }
    }

    fn chunk(&self, start: Uid, len: u16) -> Vec<NeuronInput> {
        let neurons = self
            .neurons
            .iter()
            .skip(usize::from(start.0))
            .take(usize::from(len));
        (start.0..)
            .zip(neurons)
            .map(|(uid, neuron)| NeuronInput {
                stake: neuron.stake,
                last_update: neuron.last_update,
                registered_at: neuron.registered_at,
                commit_block: neuron.commit_block.unwrap_or(NO_COMMIT),
                permit: self.permitted(uid),
                newcomer: false,
            })
            .collect()
    }
}

type ByOwner<'a> = HashMap<u16, &'a [(u16, u16)]>;

fn by_owner(rows: &[Row]) -> ByOwner<'_> {
    rows.iter()
        .map(|(uid, row)| (*uid, row.as_slice()))
        .collect()
}

/// Returns the part of each roster uid's row for `len` uids from `start` on; 0 is absent.
fn dense(rows: &ByOwner, roster: &[Uid], start: Uid, len: u16) -> Vec<Vec<u16>> {
    let part = |uid: &Uid| {
        let mut part = vec![0; usize::from(len)];
        for (column, value) in rows.get(&uid.0).copied().unwrap_or_default() {
            let place = column.checked_sub(start.0).map(usize::from);
            if let Some(cell) = place.and_then(|place| part.get_mut(place)) {
                *cell = *value;
            }
        }
        part
    };
    roster.iter().map(part).collect()
}

#[cfg(test)]
mod tests {
    use crate::vectors::{read, Vector};
    use inktensor_primitives::{
        kernel::{EpochPlan, PhasePlan, NO_COMMIT},
        Uid,
    };
    use inktensor_yuma::memory::Memory;

    const EXAMPLE: &str = r#"{"input": {
        "params": {"activity_cutoff": 5, "alpha_high": 6, "alpha_low": 7, "alpha_sigmoid_steepness": -8,
            "bonds_moving_average": 9, "bonds_penalty": 10, "commit_reveal": true, "current_block": 100, "kappa": 11,
            "last_mechanism_step_block": 90, "liquid_alpha": true, "max_allowed_validators": 1000, "min_stake": 12,
            "owner_uid": 2, "rao_emission": 13, "tempo": 14, "yuma3": true},
        "neurons": [
            {"stake": 1, "last_update": 20, "registered_at": 30, "validator_permit": true, "commit_block": 40},
            {"stake": 2, "last_update": 21, "registered_at": 31, "validator_permit": false, "commit_block": null},
            {"stake": 3, "last_update": 22, "registered_at": 32, "validator_permit": false}],
        "weights": [[2, [[2, 7], [0, 5]]], [1, [[0, 9]]], [0, [[1, 0], [2, 6]]]],
        "bonds": [[0, [[1, 3], [2, 0]]]]}}"#;

    fn example() -> Vector {
        read("example", EXAMPLE)
            .expect("well formed")
            .remove(0)
            .vector
    }

    #[test]
    fn the_roster_is_who_is_flagged_and_the_owner() {
        let header = example().header([4; 32]);
        assert_eq!(header.roster, [Uid(0), Uid(2)]);
        assert_eq!((header.owner_uid, header.max_validators), (Some(Uid(2)), 3));
        assert_eq!(
            (header.closed_at, header.previous_close, header.tempo),
            (100, 90, 14)
        );
        assert_eq!(header.kernel_code, [4; 32]);
    }

    #[test]
    fn rows_become_canonical_chunk_by_chunk() {
        let reads = PhasePlan::ALL;
        let plan = EpochPlan {
            chunk: 2,
            phases: vec![reads],
            memory_phase: 0,
            results_phase: 0,
        };
        let vector = example();
        let inputs = vector.inputs(vector.header([0; 32]), &plan);
        // Rows of uids 0 and 2. Uid 1 has no permit, and no row.
        assert_eq!(inputs.chunks[0].rows.cells(2), [0, 0, 5, 0]);
        assert_eq!(inputs.chunks[1].rows.cells(1), [6, 7]);
        let memory = Memory::read(&inputs.memory[0]).expect("a memory");
        let rows: Vec<_> = memory
            .rows()
            .map(|(uid, row)| (uid.0, row.collect::<Vec<_>>()))
            .collect();
        assert_eq!(rows, [(0, vec![0, 3])]);
        assert!(inputs.memory[1].is_empty(), "no bonds are no bytes");
        let neurons = &inputs.chunks[0].neurons;
        assert_eq!(
            (neurons[0].commit_block, neurons[1].commit_block),
            (40, NO_COMMIT)
        );
        assert_eq!(
            (
                neurons[0].permit,
                neurons[1].permit,
                inputs.chunks[1].neurons[0].permit
            ),
            (true, false, true)
        );
    }
}
