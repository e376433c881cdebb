//! The monitor: reads the progress of each subnet and the account's property at every block, on a
//! connection of its own. So the metrics are right while a role is busy.

use super::{
    instrumented::Instrumented, lag::SubnetLag, metrics, pause, status::LoopStatus, Handles,
};
use crate::roles::Subnets;
use inktensor_client::{
    chain::{ChainError, Typed},
    deploy::Addresses,
};
use inktensor_primitives::{epoch::Epochs, AccountId};
use psp22::PSP22;
use std::{sync::Arc, time::Duration};

/// Name of the monitor's loop.
pub const NAME: &str = "monitor";

/// The monitor's loop.
pub struct Monitor {
    /// Connection of the monitor.
    pub chain: Instrumented,
    /// The contracts.
    pub contracts: Addresses,
    /// Account that signs.
    pub account: AccountId,
    /// Subnets that the worker serves.
    pub subnets: Subnets,
    /// Health of the worker, and the request to stop.
    pub handles: Handles,
    /// Health of the loop.
    pub status: Arc<LoopStatus>,
    /// Time between two reads of the chain.
    pub poll: Duration,
}

impl Monitor {
    /// Measures until the worker is asked to stop.
    pub fn run(mut self) {
        let (mut measured, mut failures) = (None, 0u32);
        while self.handles.stop.asked_by().is_none() {
            match self.measure(&mut measured) {
                Ok(()) => {
                    failures = 0;
                    self.status.turned(None);
                }
                Err(trouble) => {
                    failures = failures.saturating_add(1);
                    self.status.turned(Some(trouble.to_string()));
                }
            }
            self.handles.stop.wait(pause(self.poll, failures));
        }
    }

    fn measure(&mut self, measured: &mut Option<u32>) -> Result<(), ChainError> {
        let block = self.chain.see_block()?;
        if *measured == Some(block) {
            return Ok(());
        }
        for (netuid, status) in self.subnets.read(&self.chain)? {
            metrics::set_subnet(netuid, &SubnetLag::at(&status, block));
        }
        let epoch = self.contracts.epoch();
        let collateral = self.chain.query(epoch.collateral(self.account))?;
        let balance = self.contracts.psp22().balance_of(self.account);
        metrics::set_account(&collateral, self.chain.query(balance)?);
        *measured = Some(block);
        Ok(())
    }
}
