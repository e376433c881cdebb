//! The fold `train/1` as a Wasm program.

inktensor_task::export_fold!(inktensor_train::Train);
