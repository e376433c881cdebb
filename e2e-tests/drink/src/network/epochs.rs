//! Epochs that the chain executes, without a worker.

use super::{succeeded, Network, BANK};
use crate::Failure;
use drink::{minimal::RuntimeEvent, pallet_contracts::Event, AccountId32};
use inktensor_primitives::{
    epoch::{EpochError, EpochStatus, FinalChunk, MemoryPublished, ResultsPublished},
    kernel::EpochHeader,
    NetUid, Rao,
};
use scale::{Decode, DecodeAll};

impl Network {
    /// Returns the state of a subnet's epochs, if the subnet exists.
    ///
    /// # Errors
    /// `Session`.
    pub fn status(&mut self, netuid: NetUid) -> Result<Option<EpochStatus>, Failure> {
        let arguments = [netuid.0.to_string()];
        self.read(self.addresses.epoch, "Epochs::status", &arguments)
    }

    /// Waits for the end of the subnet's epoch, closes the epoch, has the chain execute it and pays
    /// every neuron.
    ///
    /// A network with workers computes epochs off the chain; this way needs none. A subnet's first
    /// epoch pays nothing: its budget follows from the stake at the close before. The subnet may
    /// have one chunk, which is 64 neurons.
    ///
    /// # Errors
    /// See [`Failure`].
    pub fn run_epoch(&mut self, netuid: NetUid) -> Result<(), Failure> {
        let epoch = self.addresses.epoch;
        let subnet = netuid.0.to_string();
        let status = self.known_status(netuid)?;
        self.advance_to(status.closes_at);
        let close = "Epochs::close";
        let arguments = [subnet.clone()];
        let closed =
            self.call::<Option<EpochHeader>, EpochError>(BANK, epoch, close, &arguments)?;
        succeeded(close, closed)?;

        let status = self.known_status(netuid)?;
        self.advance_to(status.replays_at.unwrap_or_default());
        let before = self.memory.remove(&netuid).unwrap_or_default();
        let mut results = Vec::new();
        let mut memory: Vec<u8> = Vec::new();
        while self.known_status(netuid)?.final_epoch == status.final_epoch {
            self.replay_step(netuid, &before)?;
            results.extend(self.events::<ResultsPublished>());
            let parts = self.events::<MemoryPublished>();
            memory.extend(parts.into_iter().flat_map(|part| part.bytes));
        }
        self.memory.insert(netuid, memory.clone());

        let settle = "Epochs::settle";
        for event in results {
            let most = event.results.len().to_string();
            let chunk = FinalChunk {
                chunk: event.chunk,
                results: event.results,
                memory: memory.clone(),
            };
            let arguments = [
                subnet.clone(),
                event.epoch.to_string(),
                format!("[{chunk:?}]"),
                most,
            ];
            let settled = self.call::<Rao, EpochError>(BANK, epoch, settle, &arguments)?;
            succeeded(settle, settled)?;
        }
        Ok(())
    }

    /// Has the chain execute the next step, with the memory of the epoch before if the step reads
    /// it.
    fn replay_step(&mut self, netuid: NetUid, memory: &[u8]) -> Result<(), Failure> {
        let replay = "Epochs::replay";
        let mut replayed = Err(EpochError::NoSteps);
        for opened in ["[]".to_owned(), format!("[{memory:?}]")] {
            let arguments = [netuid.0.to_string(), "1".into(), opened];
            replayed =
                self.call::<u32, EpochError>(BANK, self.addresses.epoch, replay, &arguments)?;
            if !matches!(replayed, Err(EpochError::OpeningMismatch(_))) {
                break;
            }
        }
        succeeded(replay, replayed)?;
        Ok(())
    }

    fn known_status(&mut self, netuid: NetUid) -> Result<EpochStatus, Failure> {
        self.status(netuid)?.ok_or(Failure::Refused {
            message: "Epochs::status",
            error: format!("no subnet {}", netuid.0),
        })
    }

    /// Returns the events of type `E` that the epoch contract emitted in the last call.
    fn events<E: Decode + ink::env::Event>(&self) -> Vec<E> {
        let emitter = AccountId32::new(self.addresses.epoch.0);
        let batch = self.session.record().last_event_batch();
        let data = batch
            .all_events()
            .iter()
            .filter_map(|record| match &record.event {
                RuntimeEvent::Contracts(Event::ContractEmitted { contract, data })
                    if *contract == emitter =>
                {
                    Some((record.topics.first(), data))
                }
                _ => None,
            });
        data.filter(|(topic, _)| topic.map(|topic| topic.0) == E::SIGNATURE_TOPIC)
            .filter_map(|(_, data)| E::decode_all(&mut &data[..]).ok())
            .collect()
    }
}
