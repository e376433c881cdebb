//! The table of hyperparameters.

/// Passes the table of hyperparameters to the macro `$then`.
///
/// Rows stand in the order of variants, which is ABI: append only. A row is
///
/// ```text
/// Variant(types) "documentation and help" {
///     Parameter "name" Setter (Unit least..=largest, place)
/// }
/// ```
///
/// with one line per value. The place of a number is
///
/// * `subnet.FIELD`: a field of `Subnet`, and of the registry's settings
/// * `not subnet.FIELD`: the same, stored as its opposite
/// * `yuma.FIELD`: a field of `YumaParams`
/// * `price`: the price of the next registration
///
/// A value that is not a number has `()` in place of unit, bounds and place. `least` and `largest`
/// hold on every subnet. The registry may narrow them by other settings of a subnet.
///
/// Names are those of btcli and subtensor. Setters are subtensor's, with one exception: the owner
/// sets the number of registrations per block, within narrow bounds.
#[macro_export]
#[rustfmt::skip] // It would shift the texts to the left.
macro_rules! hyperparameters {
    ($then:ident) => {
        $then! {
            Tempo(u32) "Blocks per epoch, `1 ..= 50 400`. Raises a lower `immunity_period` to \
                the same number." {
                Tempo "tempo" Owner (Blocks 1..=WEEK, subnet.tempo)
            }
            Kernel(AccountId) "The address of an allowed kernel that is not retired. The \
                parameters stay if the kernel's defaults are of the same kind, Yuma or other \
                bytes. Otherwise the defaults replace them." {
                Kernel "kernel" Owner ()
            }
            MaxUids(u16) "Number of seats, at least the seats taken and at most 4 096." {
                MaxUids "max_uids" Owner (Number 1..=MAX_UIDS as u64, subnet.max_uids)
            }
            MaxValidators(u16) "Permits per epoch, `1 ..= 128`, the owner's not counted. Admin only." {
                MaxValidators "max_validators" Admin
                    (Number 1..=MAX_VALIDATORS as u64, subnet.max_validators)
            }
            ImmunityPeriod(u32) "Blocks during which a new neuron cannot be replaced, \
                at least one tempo and at most 1 000 000." {
                ImmunityPeriod "immunity_period" Owner
                    (Blocks 1..=MAX_BLOCKS, subnet.immunity_period)
            }
            RegistrationPrice(Rao) "Price of the next registration in rao, from `min_burn` to \
                `max_burn`. Counts at once. Later prices follow from this one." {
                RegistrationPrice "registration_price" Owner (Rao 0..=Rao::CAP.0, price)
            }
            OtherParams(Vec<u8>) "Parameters of a kernel other than Yuma, at most 256 bytes." {
                OtherParams "other_params" Owner ()
            }
            Yuma(YumaParams) "All Yuma parameters at once, each within its own bounds. The owner \
                leaves those of the admin as they are." {
                Yuma "yuma" Owner ()
            }
            ActivityCutoff(u64) "Blocks without new weights after which a validator is inactive, \
                `1 ..= 1 000 000`." {
                ActivityCutoff "activity_cutoff" Owner
                    (Blocks 1..=MAX_BLOCKS, yuma.activity_cutoff)
            }
            MinStake(Rao) "Stake in rao below which a neuron has no weight in consensus, at most \
                the cap of TAO. Admin only." {
                MinStake "min_stake" Admin (Rao 0..=Rao::CAP.0, yuma.min_stake)
            }
            Kappa(u16) "Part of stake that must agree on a weight, in 65535ths. Any value. Admin \
                only." {
                Kappa "kappa" Admin (U16Ratio 0..=U16_ONE, yuma.kappa)
            }
            BondsPenalty(u16) "Weights that bonds follow: 65535 for clipped weights, 0 for the \
                weights as set. Any value." {
                BondsPenalty "bonds_penalty" Owner (U16Ratio 0..=U16_ONE, yuma.bonds_penalty)
            }
            BondsMovingAverage(u64) "Inertia of bonds in millionths, at most 975 000." {
                BondsMovingAverage "bonds_moving_avg" Owner
                    (Millionths 0..=MOST_INERTIA, yuma.bonds_moving_average)
            }
            Yuma3(bool) "Yuma3 bonds instead of Yuma2 bonds." {
                Yuma3 "yuma3_enabled" Owner (Flag 0..=1, yuma.yuma3)
            }
            LiquidAlpha(bool) "Liquid alpha: a bond's inertia depends on consensus. Requires \
                Yuma3 bonds." {
                LiquidAlpha "liquid_alpha_enabled" Owner (Flag 0..=1, yuma.liquid_alpha)
            }
            AlphaValues(u16, u16) "Smallest and largest bond rate under liquid alpha in \
                65535ths, `1638 <= low <= high`." {
                AlphaLow "alpha_low" Owner (U16Ratio MIN_ALPHA..=U16_ONE, yuma.alpha_low)
                AlphaHigh "alpha_high" Owner (U16Ratio MIN_ALPHA..=U16_ONE, yuma.alpha_high)
            }
            AlphaSigmoidSteepness(i16) "Slope of liquid alpha times 100, not negative." {
                AlphaSigmoidSteepness "alpha_sigmoid_steepness" Owner
                    (Number 0..=MAX_STEEPNESS, yuma.alpha_sigmoid_steepness)
            }
            CommitReveal(bool) "The commit mask: weights committed before a neuron registered do \
                not count for that neuron." {
                CommitReveal "commit_mask" Owner (Flag 0..=1, yuma.commit_reveal)
            }
            MinBurn(Rao) "Least price of a registration in rao, from 1 rao to below 1 TAO and at \
                most `max_burn`." {
                MinBurn "min_burn" Owner
                    (Rao 1..=MOST_MIN_BURN, subnet.terms.registration.min_burn)
            }
            MaxBurn(Rao) "Largest price of a registration in rao, at least 0.1 TAO and \
                `min_burn`, at most the cap of TAO." {
                MaxBurn "max_burn" Owner
                    (Rao LEAST_MAX_BURN..=Rao::CAP.0, subnet.terms.registration.max_burn)
            }
            BurnHalfLife(u16) "Blocks in which the price of a registration halves, \
                `1 ..= 36 100`." {
                BurnHalfLife "burn_half_life" Owner
                    (Blocks 1..=36_100, subnet.terms.registration.half_life)
            }
            BurnIncrease(Bps) "Factor of the price for each registration, `10 000 ..= 30 000` \
                basis points: one to three times." {
                BurnIncrease "burn_increase" Owner
                    (Bps 10_000..=30_000, subnet.terms.registration.increase)
            }
            MaxRegistrationsPerBlock(u16) "Most registrations per block, `1 ..= 4`." {
                MaxRegistrationsPerBlock "max_regs_per_block" Owner
                    (Number 1..=MOST_REGISTRATIONS, subnet.terms.registration.per_block)
            }
            RegistrationAllowed(bool) "Registrations on or off. Admin only." {
                RegistrationAllowed "registration_allowed" Admin
                    (Flag 0..=1, subnet.terms.registration.is_open)
            }
            MinNonImmuneUids(u16) "Number of replaceable neurons up to which an immune neuron is \
                replaced instead, at most 4 096. Admin only." {
                MinNonImmuneUids "min_non_immune_uids" Admin
                    (Number 0..=MAX_UIDS as u64, subnet.terms.pruning.min_non_immune)
            }
            ImmuneOwnerUids(u16) "Number of the owner's neurons that are never replaced, `1 ..= \
                10`." {
                ImmuneOwnerUids "immune_owner_uids" Owner
                    (Number 1..=MAX_IMMUNE_OWNERS as u64, subnet.terms.pruning.immune_owners)
            }
            Split(SplitPreset) "Division of budgets: the network's split, or Bittensor's if the \
                network rules allow it." {
                Split "split" Owner (Number 0..=1, subnet.terms.split)
            }
            TransferEnabled(bool) "Transfers of stake to another coldkey on or off." {
                TransferEnabled "transfers_enabled" Owner
                    (Flag 0..=1, not subnet.terms.no_transfers)
            }
            WeightsVersionKey(u64) "Least version of a client that may set weights; 0 for any." {
                WeightsVersionKey "weights_version" Owner
                    (Number 0..=u64::MAX, subnet.terms.weights.version_key)
            }
            WeightsRateLimit(u32) "Blocks between two updates of a neuron's weights, at most \
                50 400; 0 for no limit. Admin only." {
                WeightsRateLimit "weights_rate_limit" Admin
                    (Blocks 0..=WEEK, subnet.terms.weights.rate_limit)
            }
            MinAllowedWeights(u16) "Least number of weights in a row, `1 ..= 4 096`. A subnet \
                with fewer neurons requires one for each neuron." {
                MinAllowedWeights "min_allowed_weights" Owner
                    (Number 1..=MAX_UIDS as u64, subnet.terms.weights.min_count)
            }
            CommitRevealWeights(bool) "Weights are committed first and revealed later, instead \
                of set at once." {
                CommitRevealWeights "commit_reveal_enabled" Owner
                    (Flag 0..=1, subnet.terms.weights.commit_reveal)
            }
            RevealPeriod(u32) "Epochs between a commit and its reveal, `1 ..= 100`." {
                RevealPeriod "commit_reveal_period" Owner
                    (Epochs 1..=100, subnet.terms.weights.reveal_period)
            }
            StakeThreshold(Rao) "Stake in rao that a hotkey needs to set weights; the owner's \
                hotkey is exempt. Admin only." {
                StakeThreshold "stake_threshold" Admin
                    (Rao 0..=Rao::CAP.0, subnet.terms.weights.stake_threshold)
            }
            ServingRateLimit(u32) "Blocks between two updates of an endpoint or a commitment, at \
                most 50 400; 0 for no limit." {
                ServingRateLimit "serving_rate_limit" Owner
                    (Blocks 0..=WEEK, subnet.terms.serving_rate_limit)
            }
            EvidenceRequired(bool) "Weights only after a pledge of evidence in the same epoch." {
                EvidenceRequired "evidence_required" Owner
                    (Flag 0..=1, subnet.terms.weights.evidence)
            }
        }
    };
}
