//! Deployment and wiring of the network's contracts.

use super::{
    argument, deploy_contract, failed, sign, succeeded, Addresses, Network, BANK, DEPLOYER,
    TREASURY,
};
use crate::{bundle, Failure};
use drink::{minimal::MinimalSandbox, session::Session, AccountId32, Sandbox, Weight};
use inktensor_primitives::{
    emission::{Fees, Split},
    epoch::EpochRules,
    kernel::YumaParams,
    registry::{KernelParams, NetworkRules, RegistryError},
    token::WireError,
    AccountId, Bps, Rao,
};
use std::{collections::BTreeMap, sync::Arc};

/// TAO at first.
const GENESIS: Rao = Rao::from_tao(5_000_000);

/// Weight that a call may use: far more than one call needs.
const LIMIT: Weight = Weight::from_parts(u64::MAX / 4, u64::MAX / 4);

/// Delays short enough for tests.
const RULES: EpochRules = EpochRules {
    challenge_period: 5,
    collateral: Rao::from_tao(10),
    collateral_part: Bps(0),
    reward_part: Bps(5_000),
    settle_window: 40,
    replay_delay: 10,
    rollover_delay: 30,
};

impl Network {
    /// Deploys the network's contracts in `session` and wires them.
    ///
    /// # Errors
    /// See [`Failure`].
    pub fn deploy(mut session: Session<MinimalSandbox>) -> Result<Self, Failure> {
        session.set_gas_limit(LIMIT);
        let mut deploy = |name: &str, arguments: &[String]| match name {
            "registry" | "staking" | "epoch" => deploy_front(&mut session, name, arguments),
            _ => deploy_contract(&mut session, DEPLOYER, name, arguments),
        };
        let holders = format!("[({}, {})]", argument(BANK), GENESIS.0);
        let token = deploy("token", &[holders])?;
        let rules = format!("{:?}", NetworkRules::DEFAULT);
        let registry = deploy("registry", &[argument(token), rules])?;
        let staking = deploy("staking", &[argument(token), argument(registry)])?;
        let emission = deploy(
            "emission",
            &[
                argument(token),
                argument(staking),
                argument(TREASURY),
                format!("{:?}", Split::DEFAULT),
                format!("{:?}", Fees::DEFAULT),
            ],
        )?;
        let peers = format!(
            "{{ token: {}, registry: {}, staking: {}, emission: {} }}",
            argument(token),
            argument(registry),
            argument(staking),
            argument(emission)
        );
        let epoch = deploy("epoch", &[peers, format!("{RULES:?}")])?;
        let yuma = deploy("yuma", &[])?;
        let addresses = Addresses {
            token,
            registry,
            staking,
            emission,
            epoch,
            yuma,
        };
        let mut net = Self {
            session,
            addresses,
            memory: BTreeMap::new(),
        };
        net.wire()?;
        Ok(net)
    }

    /// Names each contract's peers and allows the kernel.
    fn wire(&mut self) -> Result<(), Failure> {
        let Addresses {
            token,
            registry,
            staking,
            emission,
            epoch,
            yuma,
        } = self.addresses;
        let wirings = [
            (
                token,
                "TokenControl::wire",
                vec![argument(emission), argument(registry)],
            ),
            (registry, "Registry::wire", vec![argument(epoch)]),
            (
                staking,
                "Staking::wire",
                vec![argument(emission), argument(epoch)],
            ),
            (emission, "Emission::wire", vec![argument(epoch)]),
        ];
        for (contract, message, arguments) in wirings {
            let wired = self.call::<(), WireError>(DEPLOYER, contract, message, &arguments)?;
            succeeded(message, wired)?;
        }
        let hash = self.session.sandbox().execute_with(|| {
            drink::minimal::Contracts::code_hash(&AccountId32::new(yuma.0)).unwrap_or_default()
        });
        let arguments = [
            argument(yuma),
            format!("{hash:?}"),
            format!("{:?}", KernelParams::Yuma(YumaParams::default())),
        ];
        let message = "Registry::allow_kernel";
        let allowed = self.call::<(), RegistryError>(DEPLOYER, registry, message, &arguments)?;
        succeeded(message, allowed)
    }
}

/// Uploads the full code of the contract `name`, and deploys its front. Returns the front's
/// address, where the session then knows the messages of the full code.
fn deploy_front(
    session: &mut Session<MinimalSandbox>,
    name: &str,
    arguments: &[String],
) -> Result<AccountId, Failure> {
    let full = bundle(name)?;
    let messages = Arc::clone(&full.transcoder);
    sign(session, DEPLOYER);
    let hash = session.upload_bundle(full).map_err(failed(name))?;
    let arguments = [&[format!("{hash:?}")], arguments].concat();
    let front = deploy_contract(session, DEPLOYER, &format!("{name}_front"), &arguments)?;
    session.set_transcoder(AccountId32::new(front.0), &messages);
    Ok(front)
}
