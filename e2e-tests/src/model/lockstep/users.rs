//! The actions of stakers, neurons and owners.

use super::{hotkey, person, Lockstep};
use crate::{
    accounts::{ADMIN, OWNER, STRANGER},
    model::{Action, Which, ROOT},
};
use inktensor_primitives::{
    epoch::CommittedWeights,
    registry::{Axon, Host},
    staking::Child,
    Bps, Digest, NetUid, Rao, Uid,
};

const SALT: &[u8] = b"salt";

impl Lockstep {
    /// Returns the subnet of a position, or root.
    fn place(&self, net: usize) -> NetUid {
        match net {
            ROOT => NetUid::ROOT,
            net => self.netuid(net),
        }
    }

    /// Performs an action of a user. The model does not follow their TAO.
    pub(super) fn perform_user_action(&mut self, action: &Action) {
        match action {
            Action::Register(net, who) => {
                let netuid = self.netuid(*net);
                let price = self.net.price(netuid);
                let hotkey = hotkey(*who);
                let answer = self.net.as_(person(*who)).register(netuid, hotkey, price);
                self.copy_subnet(netuid);
                self.done("register", &answer);
            }
            Action::Stake(net, on, by, amount) => {
                let (netuid, on) = (self.place(*net), hotkey(*on));
                let person = self.net.as_(person(*by));
                let answer = person.add_stake(netuid, on, Rao(*amount));
                self.done("stake", &answer);
            }
            Action::Unstake(net, on, by, amount) => {
                let (netuid, on) = (self.place(*net), hotkey(*on));
                let person = self.net.as_(person(*by));
                let answer = person.remove_stake(netuid, on, Rao(*amount));
                self.done("unstake", &answer);
            }
            Action::UnstakeAll(net, on, by) => {
                let (netuid, on) = (self.place(*net), hotkey(*on));
                let answer = self.net.as_(person(*by)).remove_all_stake(netuid, on);
                self.done("unstake", &answer);
            }
            Action::Move(net, on, to_net, to, by, amount) => {
                let (netuid, to_netuid) = (self.place(*net), self.place(*to_net));
                let answer = self.net.as_(person(*by)).move_stake(
                    netuid,
                    hotkey(*on),
                    to_netuid,
                    hotkey(*to),
                    some(*amount),
                );
                self.done("move", &answer);
            }
            Action::Give(net, on, by, to, amount) => {
                let netuid = self.place(*net);
                let giver = self.net.as_(person(*by));
                let answer = giver.transfer_stake(netuid, hotkey(*on), person(*to), some(*amount));
                self.done("give", &answer);
            }
            Action::ClaimRoot(on, by) => {
                let answer = self.net.as_(person(*by)).claim_root(hotkey(*on));
                self.done("claim root", &answer);
            }
            Action::Children(net, who, children) => {
                let netuid = self.netuid(*net);
                let children = children.iter().map(|(child, proportion)| Child {
                    proportion: *proportion,
                    hotkey: hotkey(*child),
                });
                let children = children.collect();
                let parent = self.net.as_(person(*who));
                let answer = parent.set_children(netuid, hotkey(*who), children);
                self.done("children", &answer);
            }
            Action::Parent(net, who, parent, allowed) => {
                let netuid = self.netuid(*net);
                let child = self.net.as_(person(*who));
                let answer = child.allow_parent(netuid, hotkey(*who), hotkey(*parent), *allowed);
                self.done("parent", &answer);
            }
            Action::UnstakeEverywhere(by, limit) => {
                let answer = self.net.as_(person(*by)).unstake_all(*limit);
                self.done("unstake everywhere", &answer);
            }
            Action::Take(who, take) => {
                let answer = self
                    .net
                    .as_(person(*who))
                    .set_take(hotkey(*who), Bps(*take));
                self.done("take", &answer);
            }
            Action::Weights(net, who, row) => {
                let netuid = self.netuid(*net);
                let (uids, weights): (Vec<Uid>, Vec<u16>) = pairs(row);
                let predicted =
                    self.net
                        .why_not(netuid, hotkey(*who), uids.clone(), weights.clone(), 0);
                let neuron = self.net.as_(hotkey(*who));
                let answer = neuron.set_weights(netuid, uids, weights);
                assert_eq!(
                    answer.as_ref().err(),
                    predicted.as_ref(),
                    "the view predicts the error"
                );
                self.done("weights", &answer);
            }
            Action::Commit(net, who, row, which) => {
                let netuid = self.netuid(*net);
                let open = self.protocol.subnets[&netuid].open;
                let epoch = match which {
                    Which::Due => open,
                    Which::Other => open + 1,
                };
                let hash = self.committed(netuid, *who, row, epoch);
                let neuron = self.net.as_(hotkey(*who));
                let answer = neuron.commit_weights(netuid, epoch, hash);
                self.done("commit", &answer);
            }
            Action::Reveal(net, who, row) => {
                let netuid = self.netuid(*net);
                let (uids, weights): (Vec<Uid>, Vec<u16>) = pairs(row);
                let predicted = self.net.why_not_reveal(
                    netuid,
                    hotkey(*who),
                    uids.clone(),
                    weights.clone(),
                    SALT.to_vec(),
                    0,
                );
                let answer = self.net.as_(STRANGER).reveal_weights(
                    netuid,
                    hotkey(*who),
                    uids,
                    weights,
                    SALT.to_vec(),
                    0,
                );
                assert_eq!(
                    answer.as_ref().err(),
                    predicted.as_ref(),
                    "the view predicts the error"
                );
                self.done("reveal", &answer);
            }
            Action::Serve(net, who, port) => {
                let netuid = self.netuid(*net);
                let axon = Axon {
                    host: Host::V4([203, 0, 113, 7]),
                    port: *port,
                    protocol: 4,
                    version: 1,
                    tls: None,
                };
                let answer = self.net.as_(hotkey(*who)).serve_axon(netuid, axon);
                self.done("serve", &answer);
            }
            Action::StopServing(net, who) => {
                let netuid = self.netuid(*net);
                let answer = self.net.as_(hotkey(*who)).stop_serving(netuid);
                self.done("stop serving", &answer);
            }
            Action::Offer(net, to) => {
                let netuid = self.netuid(*net);
                let answer = self.net.as_(OWNER).offer_subnet(netuid, Some(person(*to)));
                self.done("offer", &answer);
            }
            Action::Accept(net, who) => {
                let netuid = self.netuid(*net);
                let answer = self
                    .net
                    .as_(person(*who))
                    .accept_subnet(netuid, hotkey(*who));
                self.done("accept", &answer);
            }
            Action::Release(net) => {
                let netuid = self.netuid(*net);
                let answer = self.net.as_(STRANGER).release(netuid);
                self.done("release", &answer);
            }
            Action::Rule(net, value) => {
                let netuid = self.netuid(*net);
                let answer = self
                    .net
                    .as_(ADMIN)
                    .set_hyperparameter(netuid, value.clone());
                self.copy_subnet(netuid);
                self.done("rule", &answer);
            }
            Action::Set(net, value) => {
                let netuid = self.netuid(*net);
                let answer = self
                    .net
                    .as_(OWNER)
                    .set_hyperparameter(netuid, value.clone());
                self.copy_subnet(netuid);
                self.done("set", &answer);
            }
            Action::Burn(who, amount) => {
                let answer = self.net.as_(person(*who)).burn(u128::from(*amount));
                self.done("burn", &answer);
            }
            other => unreachable!("{other:?} is performed elsewhere"),
        }
    }

    /// Returns the hash that a person's hotkey commits to. Without a seat the generation is 0.
    fn committed(&self, netuid: NetUid, who: u32, row: &[(u16, u16)], epoch: u32) -> Digest {
        let (uids, weights): (Vec<Uid>, Vec<u16>) = pairs(row);
        let seat = self.net.seat(netuid, hotkey(who));
        CommittedWeights {
            contract: self.net.addresses().epoch,
            netuid,
            hotkey: hotkey(who),
            generation: seat.map_or(0, |seat| seat.generation),
            epoch,
            uids: &uids,
            weights: &weights,
            salt: SALT,
            version_key: 0,
        }
        .digest()
    }

    /// Copies a subnet's tempo and number of neurons from the network.
    pub(super) fn copy_subnet(&mut self, netuid: NetUid) {
        let now = self.net.subnet(netuid).expect("a subnet");
        let subnet = self.protocol.subnets.get_mut(&netuid).expect("a subnet");
        subnet.tempo = now.tempo;
        subnet.neurons = now.neurons;
    }
}

fn pairs(row: &[(u16, u16)]) -> (Vec<Uid>, Vec<u16>) {
    row.iter().map(|(uid, weight)| (Uid(*uid), *weight)).unzip()
}

/// Returns the amount of a transfer; 0 stands for all.
fn some(amount: u64) -> Option<Rao> {
    (amount > 0).then_some(Rao(amount))
}
