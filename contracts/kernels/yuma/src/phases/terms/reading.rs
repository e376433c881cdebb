//! Derivation of [`Terms`] from an epoch's bytes.

use super::{Cell, Check, Computed, Seat, StandIn, Terms, Voice, Void};
use crate::{
    codec::{Reader, Writer},
    columns::WIDTH,
    epoch::{self, Chunk, Epoch},
    fixed::{self, TotalStake, Q32},
    memory::Memory,
    phases::{bonds, consensus, emission, Carry, Sums, Work},
    room::Room,
    rows,
    validators::Standing,
};
use inktensor_primitives::{
    kernel::{KernelError, NeuronInput, NeuronResult, Rows},
    Uid,
};

/// An epoch's bytes, decoded.
pub(super) struct Reading<'a> {
    computed: &'a Computed<'a>,
    epoch: &'a Epoch<'a>,
    consensus: consensus::Carry,
    bonds: bonds::Carry,
    emission: emission::Carry,
    /// Consensus and rank of each neuron.
    ranks: Vec<(Q32, Q32)>,
    /// Consensus in parts of 65535 and incentive of each neuron.
    scores: Vec<(u16, Q32)>,
}

/// One neuron as a chunk of its own.
struct Column<'a> {
    start: u16,
    neuron: &'a [NeuronInput],
    /// A row of one column per validator.
    rows: Rows,
    /// The same as one weight per validator.
    given: Vec<u16>,
    memory: &'a [u8],
}

impl Column<'_> {
    fn chunk<'b>(&'b self, scratch: &'b [u8], memory: &'b [u8]) -> Chunk<'b> {
        Chunk {
            start: self.start,
            neurons: self.neuron,
            rows: &self.rows,
            scratch,
            memory,
        }
    }
}

impl<'a> Reading<'a> {
    /// Decodes `computed`.
    pub(super) fn new(
        computed: &'a Computed<'a>,
        epoch: &'a Epoch<'a>,
    ) -> Result<Self, KernelError> {
        let chunks = epoch.plan().chunks(computed.header.neurons);
        for (chunk, inputs) in (0..chunks).zip(computed.chunks) {
            epoch.chunk(
                epoch::CONSENSUS,
                chunk,
                &inputs.neurons,
                &inputs.rows,
                &[],
                &[],
            )?;
        }
        let whole = usize::from(chunks);
        let steps = epoch.plan().phases.len().saturating_mul(whole);
        let complete = [
            (computed.chunks.len(), whole),
            (computed.memory.len(), whole),
            (computed.kept.len(), whole),
            (computed.results.len(), whole),
            (computed.steps.len(), steps),
        ];
        if complete.iter().any(|(given, due)| given != due) {
            return Err(KernelError::BadInputs);
        }
        let step = |phase: u8, chunk: usize| {
            let k = usize::from(phase)
                .saturating_mul(whole)
                .checked_add(chunk)?;
            computed.steps.get(k).copied()
        };
        let carry = |phase: u8| {
            let before = usize::from(phase).saturating_mul(whole).checked_sub(1);
            let (bytes, _) = before
                .and_then(|k| computed.steps.get(k))
                .ok_or(KernelError::BadInputs)?;
            Carry::decode(epoch, phase, 0, bytes)
        };
        let (Carry::Consensus(consensus), Carry::Bonds(bonds), Carry::Emission(emission)) = (
            carry(epoch::CONSENSUS)?,
            carry(epoch::BONDS)?,
            carry(epoch::EMISSION)?,
        ) else {
            return Err(KernelError::BadCarry);
        };
        let (mut ranks, mut scores) = (Vec::new(), Vec::new());
        for (chunk, inputs) in computed.chunks.iter().enumerate() {
            let count = inputs.neurons.len();
            let scratch = |phase| step(phase, chunk).map_or(&[][..], |(_, scratch)| scratch);
            let mut reader = Reader::new(scratch(epoch::CONSENSUS));
            let read = reader.q32s(count).zip(reader.q32s(count));
            let (found, rank) = read
                .and_then(|read| reader.end(read))
                .ok_or(KernelError::BadScratch)?;
            ranks.extend(found.into_iter().zip(rank));
            let mut reader = Reader::new(scratch(epoch::BONDS));
            let read = reader.u16s(count).zip(reader.q32s(count));
            let (found, incentive) = read
                .and_then(|read| reader.end(read))
                .ok_or(KernelError::BadScratch)?;
            scores.extend(found.into_iter().zip(incentive));
        }
        Ok(Self {
            computed,
            epoch,
            consensus,
            bonds,
            emission,
            ranks,
            scores,
        })
    }

    /// Explains the pay of the neuron at `uid`.
    pub(super) fn terms(&self, uid: Uid) -> Result<Terms, KernelError> {
        let column = self.column(uid.0)?;
        let neuron = column.neuron.first().ok_or(KernelError::BadInputs)?;
        let total = TotalStake::new(self.emission.total);
        let counted_stake = self.epoch.counted_stake(uid.0, neuron);
        let (consensus, rank) = self.rank(uid.0)?;
        let (_, incentive) = self.score(uid.0)?;
        let mut checks = self.sums();
        let voices = self.voices(&column, &mut checks)?;
        let adds = fixed::sum(&voices.iter().map(|voice| voice.adds).collect::<Vec<_>>());
        checks.push(Check::q32("rank, by weight", adds, rank));
        self.repeat(uid.0, &column, &mut checks)?;
        let place = self.epoch.header.roster.binary_search(&uid).ok();
        let dividends_total = fixed::sum(&self.emission.dividends);
        let stand_in = (dividends_total == Q32::ZERO).then(|| {
            if fixed::sum(&self.emission.active) == Q32::ZERO {
                StandIn::Stake
            } else {
                StandIn::Active
            }
        });
        Ok(Terms {
            total_stake: self.emission.total,
            counted_stake,
            stake_share: total.share(counted_stake),
            active: self.epoch.is_active(neuron),
            permitted: place.is_some() && self.epoch.permitted(uid.0, neuron),
            forgotten: self.epoch.forgets(neuron),
            kappa: self.epoch.kappa(),
            support: self.support(&column, consensus),
            voices,
            consensus,
            rank,
            rank_total: self.bonds.rank_total,
            incentive,
            incentive_total: self.emission.incentive,
            seat: match place {
                Some(place) => Some(self.seat(uid, place, &mut checks)?),
                None => None,
            },
            dividends_total,
            stand_in,
            checks,
        })
    }

    /// Compares sums over the subnet.
    fn sums(&self) -> Vec<Check> {
        let seats = (0u16..).zip(
            self.computed
                .chunks
                .iter()
                .flat_map(|inputs| &inputs.neurons),
        );
        let stake = seats.fold(0u128, |sum, (uid, neuron)| {
            sum.wrapping_add(self.epoch.counted_stake(uid, neuron).into())
        });
        let ranks: Vec<Q32> = self.ranks.iter().map(|(_, rank)| *rank).collect();
        let incentive: Vec<Q32> = self
            .scores
            .iter()
            .map(|(_, incentive)| *incentive)
            .collect();
        vec![
            Check::number("stake of all neurons", stake, self.emission.total),
            Check::q32(
                "rank of all neurons",
                fixed::sum(&ranks),
                self.bonds.rank_total,
            ),
            Check::q32(
                "incentive of all neurons",
                fixed::sum(&incentive),
                self.emission.incentive,
            ),
        ]
    }

    /// Compares the phases' work on the neuron alone with their outputs.
    fn repeat(
        &self,
        uid: u16,
        column: &Column,
        checks: &mut Vec<Check>,
    ) -> Result<(), KernelError> {
        let (consensus, rank) = self.rank(uid)?;
        let (parts, incentive) = self.score(uid)?;
        let again = self
            .consensus
            .work(self.epoch, &column.chunk(&[], &[]), &mut Room::default())
            .scratch;
        let mut reader = Reader::new(&again);
        let again = reader.q32().zip(reader.q32()).unwrap_or_default();
        checks.push(Check::q32("consensus", again.0, consensus));
        checks.push(Check::q32("rank", again.1, rank));
        let again = self.move_bonds(uid, column)?.scratch;
        let mut reader = Reader::new(&again);
        let again = reader.u16().zip(reader.q32()).unwrap_or_default();
        checks.push(Check::number("consensus of 65535", again.0, parts));
        checks.push(Check::q32("incentive", again.1, incentive));
        let scratch = Writer::new(10).u16(parts).q32(incentive).end();
        let again = self
            .emission
            .work(self.epoch, &column.chunk(&scratch, &[]))?
            .results;
        let result = self.result(uid)?;
        let again = again.first().copied().unwrap_or_default();
        for (what, found, traced) in [
            ("pay as miner", again.miner, result.miner),
            ("pay as validator", again.validator, result.validator),
            ("pay in all", again.emission, result.emission),
        ] {
            checks.push(Check::number(what, found.0, traced.0));
        }
        for (what, found, traced) in [
            ("incentive of 65535", again.incentive, result.incentive),
            ("dividends of 65535", again.dividends, result.dividends),
            (
                "stake share of 65535",
                again.stake_weight,
                result.stake_weight,
            ),
            (
                "validator trust of 65535",
                again.validator_trust,
                result.validator_trust,
            ),
        ] {
            checks.push(Check::number(what, found, traced));
        }
        Ok(())
    }

    /// Returns the validators' weights for the neuron of `column`.
    fn voices(&self, column: &Column, checks: &mut Vec<Check>) -> Result<Vec<Voice>, KernelError> {
        let (consensus, _) = self.rank(column.start)?;
        let clipped = self.clipped(column)?;
        let mut voices = Vec::new();
        for (place, given) in column.given.iter().enumerate() {
            if *given == 0 {
                continue;
            }
            let (share, void) = self.share(column, place);
            let left = at(&clipped, place);
            let active = at(&self.consensus.facts.active, place);
            let validator = self.validator(place);
            // Without consensus the clipped share is zero, and so is the consensus.
            let most = share.min(consensus);
            checks.push(Check::q32(
                format!("clipped weight of validator {}", validator.0),
                most,
                left,
            ));
            voices.push(Voice {
                validator,
                given: *given,
                void,
                row_sum: at(&self.consensus.facts.row_sums, place),
                share,
                active,
                clipped: left,
                adds: active.times(left),
            });
        }
        Ok(voices)
    }

    /// Returns the active stake behind `consensus` or more.
    fn support(&self, column: &Column, consensus: Q32) -> Q32 {
        let behind = (0..self.epoch.validators())
            .filter(|place| self.share(column, *place).0 >= consensus)
            .map(|place| at(&self.consensus.facts.active, place));
        fixed::sum(&behind.collect::<Vec<_>>())
    }

    /// Explains the dividends of the validator at the roster's `place`.
    fn seat(&self, uid: Uid, place: usize, checks: &mut Vec<Check>) -> Result<Seat, KernelError> {
        let mut cells = Vec::new();
        let (mut trust, mut earned) = (Q32::ZERO, Q32::ZERO);
        let mut all = vec![Q32::ZERO; self.epoch.validators()];
        let mut bonds = (0u128, 0u128);
        for neuron in 0..self.epoch.header.neurons {
            let column = self.column(neuron)?;
            let (consensus, _) = self.rank(neuron)?;
            let (_, incentive) = self.score(neuron)?;
            let moved = self.move_bonds(neuron, &column)?;
            let Sums::Bonds(sums) = moved.sums else {
                return Err(KernelError::BadCarry);
            };
            for (sum, found) in all.iter_mut().zip(&sums.dividends) {
                *sum = sum.plus(*found);
            }
            let (share, void) = self.share(&column, place);
            let clipped = at(&self.clipped(&column)?, place);
            let chunk = column.chunk(&[], column.memory);
            let memory = Memory::or_none(column.memory);
            let counted = self.bonds.remembered(self.epoch, &chunk, &memory);
            let mut old = [0; WIDTH];
            let [counted, ..] = *at(&counted, place).cells(u64::MAX, &mut old);
            let cell = Cell {
                uid: Uid(neuron),
                given: at(&column.given, place),
                void,
                share,
                consensus,
                clipped,
                bond_before: bond(column.memory, uid, neuron),
                bond_counted: counted,
                bond_after: bond(self.kept(neuron), uid, neuron),
                incentive,
                yields: at(&sums.dividends, place),
            };
            trust = trust.plus(clipped);
            earned = earned.plus(cell.yields);
            bonds.0 = bonds
                .0
                .wrapping_add(bond(&moved.memory, uid, neuron).into());
            bonds.1 = bonds.1.wrapping_add(cell.bond_after.into());
            let idle = cell.given == 0
                && cell.bond_before == 0
                && cell.bond_after == 0
                && cell.yields == Q32::ZERO;
            if !idle {
                cells.push(cell);
            }
        }
        checks.push(Check::number("bonds of all neurons", bonds.0, bonds.1));
        checks.push(Check::number(
            "validator trust, by neuron",
            trust.to_u16(),
            at(&self.emission.trust, place),
        ));
        self.bonds
            .rule
            .weigh_dividends(&mut all, &self.bonds.facts.active);
        let (weighed, weighed_total) = (at(&all, place), fixed::sum(&all));
        fixed::normalize(&mut all);
        let dividends = at(&self.emission.dividends, place);
        checks.push(Check::q32("dividends, by bond", at(&all, place), dividends));
        Ok(Seat {
            active: at(&self.consensus.facts.active, place),
            row_sum: at(&self.consensus.facts.row_sums, place),
            cells,
            trust,
            earned,
            weighed,
            weighed_total,
            dividends,
        })
    }

    /// Returns the share of the row of the validator at `place` for the neuron of `column`, and the
    /// reason if the weight is void.
    fn share(&self, column: &Column, place: usize) -> (Q32, Option<Void>) {
        let chunk = column.chunk(&[], &[]);
        let rows = rows::counted(self.epoch, &chunk, &self.consensus.facts.validators);
        let weight = rows.get(place).and_then(|row| row.entries().next());
        let counted = weight.map_or(0, |(_, weight)| weight);
        let void = (at(&column.given, place) != 0 && counted == 0).then(|| {
            let standing: Standing = at(&self.consensus.facts.validators, place);
            if standing.reach == 0 {
                Void::NoPermit
            } else if self.validator(place).0 == column.start && !self.epoch.is_owner(column.start)
            {
                Void::Own
            } else {
                Void::TooOld
            }
        });
        let tally = at(&self.consensus.facts.tallies, place);
        (tally.share(counted), void)
    }

    /// Returns each validator's clipped share for the neuron of `column`.
    fn clipped(&self, column: &Column) -> Result<Vec<Q32>, KernelError> {
        match self
            .consensus
            .work(self.epoch, &column.chunk(&[], &[]), &mut Room::default())
            .sums
        {
            Sums::Consensus(sums) => Ok(sums.trust),
            _ => Err(KernelError::BadCarry),
        }
    }

    /// Moves the bonds in the neuron of `column`, from the epoch's consensus and rank.
    fn move_bonds(&self, uid: u16, column: &Column) -> Result<Work, KernelError> {
        let (consensus, rank) = self.rank(uid)?;
        let scratch = Writer::new(16).q32(consensus).q32(rank).end();
        self.bonds.work(
            self.epoch,
            &column.chunk(&scratch, column.memory),
            &mut Room::default(),
        )
    }

    /// Returns the neuron at `uid` as a chunk of its own.
    fn column(&self, uid: u16) -> Result<Column<'a>, KernelError> {
        let (chunk, offset) = self.place(uid);
        let missing = KernelError::BadInputs;
        let inputs = self.computed.chunks.get(chunk).ok_or(missing)?;
        let neuron = inputs
            .neurons
            .get(offset..offset.saturating_add(1))
            .ok_or(missing)?;
        let given: Vec<u16> = inputs.rows.iter().map(|row| row.at(offset)).collect();
        Ok(Column {
            start: uid,
            neuron,
            rows: Rows::from_cells(&given, 1),
            given,
            memory: self.computed.memory.get(chunk).ok_or(missing)?,
        })
    }

    /// Returns the chunk of `uid`, and its place in the chunk.
    fn place(&self, uid: u16) -> (usize, usize) {
        let size = self.epoch.plan().chunk;
        let place = uid.checked_div(size).zip(uid.checked_rem(size));
        let (chunk, offset) = place.unwrap_or_default();
        (usize::from(chunk), usize::from(offset))
    }

    fn kept(&self, uid: u16) -> &'a [u8] {
        let (chunk, _) = self.place(uid);
        self.computed.kept.get(chunk).map_or(&[], Vec::as_slice)
    }

    fn result(&self, uid: u16) -> Result<NeuronResult, KernelError> {
        let (chunk, offset) = self.place(uid);
        let results = self.computed.results.get(chunk);
        results
            .and_then(|results| results.get(offset))
            .copied()
            .ok_or(KernelError::BadInputs)
    }

    fn rank(&self, uid: u16) -> Result<(Q32, Q32), KernelError> {
        let rank = self.ranks.get(usize::from(uid));
        rank.copied().ok_or(KernelError::BadInputs)
    }

    fn score(&self, uid: u16) -> Result<(u16, Q32), KernelError> {
        let score = self.scores.get(usize::from(uid));
        score.copied().ok_or(KernelError::BadInputs)
    }

    fn validator(&self, place: usize) -> Uid {
        at(&self.epoch.header.roster, place)
    }
}

/// Returns the item at `place`, which every list here has.
fn at<T: Copy + Default>(items: &[T], place: usize) -> T {
    items.get(place).copied().unwrap_or_default()
}

/// Returns the bonds of `validator` in the neuron at `uid` in a chunk's memory.
fn bond(memory: &[u8], validator: Uid, uid: u16) -> u16 {
    let memory = Memory::or_none(memory);
    let Some(column) = uid.checked_sub(memory.start().0) else {
        return 0;
    };
    let mut rows = memory.rows();
    let row = rows.find(|(uid, _)| *uid == validator);
    row.and_then(|(_, mut row)| row.nth(usize::from(column)))
        .unwrap_or_default()
}
