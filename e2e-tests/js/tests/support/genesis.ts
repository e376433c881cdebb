// What a deployment is like: the defaults of `off-chain-worker/src/deploy/config.rs`.

/** Rao of one TAO. */
const TAO = 1_000_000_000n;

/** An amount in rao. */
export function tao(amount: number): bigint {
  return BigInt(amount) * TAO;
}

/** Least rao to lock for a subnet. */
export const CREATION_PRICE = tao(100);

/** The rules of the network: what a subnet costs at least, and nothing in the way of more. */
export const NETWORK_RULES = {
  minLock: CREATION_PRICE,
  lockInterval: 100_800,
  creationInterval: 0,
  subnetLimit: 128,
  subnetImmunity: 1_296_000,
  bittensorSplit: true,
  nominatorMin: 0n,
  servingDeposit: 10_000_000n,
  swapFee: 1_000_000n,
};

/** How budgets are divided, in basis points. */
export const SPLIT = { miners: 5000, validators: 2500, owner: 0, treasury: 2500 };

/** What those who run epochs get, in basis points. */
export const FEES = { proposer: 50, keeper: 25 };

/** Constants of the epoch game. */
export const RULES = {
  challengePeriod: 240,
  collateral: tao(10),
  collateralPart: 2500,
  rewardPart: 1000,
  settleWindow: 300,
  replayDelay: 150,
  rolloverDelay: 900,
};

/** Parameters of the Yuma kernel that a subnet begins with. */
export const YUMA = {
  activityCutoff: 5_000n,
  minStake: 0n,
  kappa: 32_767,
  bondsPenalty: 65_535,
  bondsMovingAverage: 900_000n,
  yuma3: true,
  liquidAlpha: false,
  alphaLow: 45_875,
  alphaHigh: 58_982,
  alphaSigmoidSteepness: 1_000,
  commitReveal: false,
};
