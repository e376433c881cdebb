//! Preparing a network by real calls: TAO, subnets, neurons, stake, weights.

use crate::{accounts::*, Network};
use inktensor_client::deploy::Addresses;
use inktensor_primitives::{
    registry::{Hyperparameter, RegistryError},
    staking::ROOT_EPOCH,
    AccountId, Bps, NetUid, Rao, Uid,
};

/// Registrations per block of a new subnet.
const REGISTRATIONS_PER_BLOCK: u16 = 4;

/// The parameters of a new subnet.
#[derive(Clone, Debug)]
pub struct Shape {
    /// The owner.
    pub owner: AccountId,
    /// The owner's hotkey.
    pub owner_hotkey: AccountId,
    /// The deployed kernel that it runs.
    pub kernel: fn(Addresses) -> AccountId,
    /// Blocks per epoch.
    pub tempo: u32,
    /// Seats.
    pub seats: u16,
    /// Permits.
    pub permits: u16,
    /// Hyperparameters to set before it starts.
    pub settings: Vec<Hyperparameter>,
    /// True to start it at the end of the block. Until then, stake counts from the first epoch on.
    pub starts: bool,
}

impl Default for Shape {
    fn default() -> Self {
        Self {
            owner: OWNER,
            owner_hotkey: OWNER_HOTKEY,
            kernel: |addresses| addresses.yuma,
            tempo: 20,
            seats: 64,
            permits: 4,
            settings: Vec::new(),
            starts: true,
        }
    }
}

impl Network {
    /// Transfers `amount` of the bank's TAO to `who`.
    pub fn fund(&mut self, who: AccountId, amount: Rao) {
        self.as_(BANK)
            .transfer(who, amount)
            .expect("the bank has it");
    }

    /// Transfers `amount` of the bank's TAO to `who`, and lets `spender` collect it.
    pub fn provide(&mut self, who: AccountId, spender: AccountId, amount: Rao) {
        self.fund(who, amount);
        self.as_(who)
            .increase_allowance(spender, amount.to_u128())
            .expect("allowed");
    }

    /// Creates a subnet, paid with the bank's TAO. By default registrations do not raise the price,
    /// and every neuron of a full subnet can be replaced.
    pub fn create(&mut self, shape: Shape) -> NetUid {
        let netuid = self.create_as_owner(&shape);
        for setting in [
            Hyperparameter::BurnIncrease(Bps::ONE),
            Hyperparameter::MinNonImmuneUids(0),
        ] {
            self.set(netuid, setting);
        }
        for setting in shape.settings {
            self.set(netuid, setting);
        }
        netuid
    }

    /// Creates a subnet without settings, paid with the bank's TAO, for a network whose admin is no
    /// account.
    pub fn create_as_owner(&mut self, shape: &Shape) -> NetUid {
        let (registry, kernel) = (self.addresses.registry, (shape.kernel)(self.addresses));
        let price = self.creation_price();
        self.provide(shape.owner, registry, price);
        let netuid = self
            .as_(shape.owner)
            .create_subnet(
                "test".into(),
                shape.owner_hotkey,
                kernel,
                shape.tempo,
                shape.seats,
                shape.permits,
                price,
            )
            .expect("created");
        if shape.starts {
            self.starting.push((netuid, shape.owner));
        }
        netuid
    }

    /// Sets a hyperparameter as the admin, who has no cooldown. The kernel is the owner's choice:
    /// waits until the owner may choose.
    pub fn set(&mut self, netuid: NetUid, value: Hyperparameter) {
        let is_kernel = matches!(value, Hyperparameter::Kernel(_));
        let who = if is_kernel {
            self.subnet(netuid).expect("the subnet").owner
        } else {
            self.admin()
        };
        let mut set = self.as_(who).set_hyperparameter(netuid, value.clone());
        if let Err(RegistryError::Cooldown(until)) = set {
            self.advance_to(until);
            set = self.as_(who).set_hyperparameter(netuid, value);
        }
        set.expect("set");
    }

    /// Registers `hotkey` for `coldkey`, paid with the bank's TAO.
    pub fn enrol(&mut self, netuid: NetUid, coldkey: AccountId, hotkey: AccountId) -> Uid {
        let registry = self.addresses.registry;
        self.await_room(netuid);
        let price = self.price(netuid);
        self.provide(coldkey, registry, price);
        self.as_(coldkey)
            .register(netuid, hotkey, price)
            .expect("registered")
    }

    /// Makes a block if the present one has no room for another registration.
    pub fn await_room(&mut self, netuid: NetUid) {
        let quote = self.quote_registration(netuid);
        if quote.is_some_and(|quote| quote.left_in_block == 0) {
            self.pass(1);
        }
    }

    /// Lets `hotkey` agree to belong to `coldkey`.
    pub fn agree(&mut self, hotkey: AccountId, coldkey: AccountId) {
        let agreed = self.as_(hotkey).agree(Some(coldkey));
        agreed.expect("the hotkey has no owner");
    }

    /// Registers the first `count` hotkeys called `name` for `coldkey`, paid with one transfer of
    /// the bank's TAO.
    pub fn enrol_crowd(
        &mut self,
        netuid: NetUid,
        coldkey: AccountId,
        name: &str,
        count: u32,
    ) -> &mut Self {
        let registry = self.addresses.registry;
        let price = self.price(netuid);
        self.provide(coldkey, registry, Rao(price.0 * u64::from(count)));
        // Each reads and writes as little as it can: crowds are large.
        let quote = self.quote_registration(netuid);
        let mut room = quote.map_or(0, |quote| quote.left_in_block);
        for i in 0..count {
            if room == 0 {
                self.pass(1);
                room = REGISTRATIONS_PER_BLOCK;
            }
            room -= 1;
            let hotkey = nth(name, i);
            // A hotkey that has an owner need not agree again.
            let _ = self.as_(hotkey).agree(Some(coldkey));
            self.as_(coldkey)
                .register_signed(netuid, hotkey, price, None)
                .expect("registered");
        }
        self
    }

    /// Stakes the bank's TAO on `hotkey` for `coldkey`.
    pub fn stake(&mut self, netuid: NetUid, coldkey: AccountId, hotkey: AccountId, amount: Rao) {
        let staking = self.addresses.staking;
        self.provide(coldkey, staking, amount);
        self.as_(coldkey)
            .add_stake(netuid, hotkey, amount)
            .expect("staked");
    }

    /// Waits until root stake that is added now weighs: until the root epoch after the next begins.
    pub fn mature_root(&mut self) {
        self.advance_to((self.block() / ROOT_EPOCH + 2) * ROOT_EPOCH);
    }

    /// Registers `validator` 0, 1, .. of `validator-owner` 0, 1, .., with 100, 101, .. TAO of
    /// stake.
    pub fn with_validators(&mut self, netuid: NetUid, count: u32) -> &mut Self {
        for i in 0..count {
            let (owner, hotkey) = (nth("validator-owner", i), nth("validator", i));
            self.enrol(netuid, owner, hotkey);
            self.stake(netuid, owner, hotkey, Rao::from_tao(100 + u64::from(i)));
        }
        self
    }

    /// Registers `miner` 0, 1, .. of `miner-owner` 0, 1, ..
    pub fn with_miners(&mut self, netuid: NetUid, count: u32) -> &mut Self {
        for i in 0..count {
            self.enrol(netuid, nth("miner-owner", i), nth("miner", i));
        }
        self
    }

    /// Sets the weights of every neuron with a permit on all neurons without one.
    pub fn honest_weights(&mut self, netuid: NetUid) -> &mut Self {
        let roster = self.roster(netuid);
        let neurons = self.subnet(netuid).expect("the subnet").neurons;
        let miners: Vec<Uid> = (0..neurons)
            .map(Uid)
            .filter(|uid| !roster.contains(uid))
            .collect();
        for uid in roster {
            let hotkey = self.neuron(netuid, uid).expect("a neuron").hotkey;
            let weights = miners.iter().map(|miner| opinion(uid, *miner)).collect();
            self.as_(hotkey)
                .set_weights(netuid, miners.clone(), weights)
                .expect("set");
        }
        self
    }
}

/// Returns the weight that the validator on `uid` sets on `miner`. Validators agree roughly, not
/// exactly.
pub fn opinion(uid: Uid, miner: Uid) -> u16 {
    let quality = 1_000 + (miner.0 % 97) * 200;
    let taste = (uid.0.wrapping_mul(31) ^ miner.0.wrapping_mul(17)) % 199;
    quality + taste
}
