//! What the people of a subnet do.

use super::{hotkey, person, World};
use crate::{accounts::OWNER, model::Action};
use inktensor_primitives::{Bps, NetUid, Rao, Uid};

impl World {
    /// What the people of a subnet do. The game does not know their money.
    pub(super) fn write(&mut self, action: &Action) {
        match action {
            Action::Register(net, who) => {
                let netuid = self.netuid(*net);
                let price = self.net.price(netuid);
                let hotkey = hotkey(*who);
                let answer = self.net.as_(person(*who)).register(netuid, hotkey, price);
                self.take_over(netuid);
                self.done("register", &answer);
            }
            Action::Stake(net, on, by, amount) => {
                let (netuid, on) = (self.netuid(*net), hotkey(*on));
                let person = self.net.as_(person(*by));
                let answer = person.add_stake(netuid, on, Rao(*amount));
                self.done("stake", &answer);
            }
            Action::Unstake(net, on, by, amount) => {
                let (netuid, on) = (self.netuid(*net), hotkey(*on));
                let person = self.net.as_(person(*by));
                let answer = person.remove_stake(netuid, on, Rao(*amount));
                self.done("unstake", &answer);
            }
            Action::UnstakeAll(net, on, by) => {
                let (netuid, on) = (self.netuid(*net), hotkey(*on));
                let answer = self.net.as_(person(*by)).remove_all_stake(netuid, on);
                self.done("unstake", &answer);
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
                let (uids, weights) = row.iter().map(|(uid, weight)| (Uid(*uid), *weight)).unzip();
                let neuron = self.net.as_(hotkey(*who));
                let answer = neuron.set_weights(netuid, uids, weights);
                self.done("weights", &answer);
            }
            Action::Set(net, value) => {
                let netuid = self.netuid(*net);
                let answer = self
                    .net
                    .as_(OWNER)
                    .set_hyperparameter(netuid, value.clone());
                self.take_over(netuid);
                self.done("set", &answer);
            }
            Action::Burn(who, amount) => {
                let answer = self.net.as_(person(*who)).burn(u128::from(*amount));
                self.done("burn", &answer);
            }
            game => unreachable!("{game:?} is of the game"),
        }
    }

    /// Takes over what a subnet's people and owner decide.
    fn take_over(&mut self, netuid: NetUid) {
        let now = self.net.subnet(netuid).expect("a subnet");
        let subnet = self.game.subnets.get_mut(&netuid).expect("a subnet");
        subnet.tempo = now.tempo;
        subnet.neurons = now.neurons;
    }
}
