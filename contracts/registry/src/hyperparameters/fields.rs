//! Reading and writing one setting by its parameter: the table's rows as code.

use super::settings::Values;
use inktensor_primitives::{
    kernel::YumaParams,
    registry::{Hyperparameter, KernelParams, Number, Parameter, RegistryError},
    Rao,
};

/// Returns the value of a parameter that is a number. `price` is the current registration price.
///
/// Returns `None` if the parameter is not a number, or not one of the subnet's kernel.
pub fn read(values: &Values, price: Rao, parameter: Parameter) -> Option<u64> {
    match &values.params {
        KernelParams::Yuma(params) if parameter.is_of_yuma() => read_yuma(params, parameter),
        _ => read_subnet(values, price, parameter),
    }
}

/// Stores `value` without any check of bounds. Does nothing if the value is not stored in a field
/// of its own.
///
/// # Errors
/// `NotYuma` for a parameter of Yuma on a subnet with another kernel.
pub fn write(values: &mut Values, value: &Hyperparameter) -> Result<(), RegistryError> {
    if !value.parameter().is_of_yuma() {
        write_subnet(values, value);
        return Ok(());
    }
    match &mut values.params {
        KernelParams::Yuma(params) => {
            write_yuma(params, value);
            Ok(())
        }
        KernelParams::Other(_) => Err(RegistryError::NotYuma),
    }
}

/// Defines the functions that read and write, from the table.
macro_rules! define {
    ($( $variant:ident $types:tt $help:tt {
        $( $parameter:ident $name:tt $setter:ident $number:tt )+
    } )+) => {
        /// Returns a number of the subnet. Returns `None` for one of Yuma.
        fn read_subnet(values: &Values, price: Rao, parameter: Parameter) -> Option<u64> {
            match parameter {
                $( $( Parameter::$parameter => subnet_number!(values, price, $number), )+ )+
            }
        }

        /// Returns a number of Yuma. Returns `None` for one of the subnet.
        pub fn read_yuma(params: &YumaParams, parameter: Parameter) -> Option<u64> {
            match parameter {
                $( $( Parameter::$parameter => yuma_number!(params, $number), )+ )+
            }
        }

        /// Stores a value of the subnet. Does nothing for one of Yuma.
        fn write_subnet(values: &mut Values, value: &Hyperparameter) {
            match value {
                $( Hyperparameter::$variant(..) => {
                    write_subnet!(values, value, $variant $( $number )+);
                } )+
            }
        }

        /// Stores a value of Yuma. Does nothing for one of the subnet.
        fn write_yuma(params: &mut YumaParams, value: &Hyperparameter) {
            match value {
                $( Hyperparameter::$variant(..) => {
                    write_yuma!(params, value, $variant $( $number )+);
                } )+
            }
        }
    };
}

/// The number in a field of the subnet.
macro_rules! subnet_number {
    ($values:ident, $price:ident, ($unit:ident $bounds:expr, subnet $( . $field:ident )+)) => {
        Some($values $( . $field )+.number())
    };
    ($values:ident, $price:ident, ($unit:ident $bounds:expr, not subnet $( . $field:ident )+)) => {
        Some((!$values $( . $field )+).number())
    };
    ($values:ident, $price:ident, ($unit:ident $bounds:expr, price)) => {
        Some($price.number())
    };
    ($values:ident, $price:ident, $other:tt) => {
        None
    };
}

/// The number in a field of `YumaParams`.
macro_rules! yuma_number {
    ($params:ident, ($unit:ident $bounds:expr, yuma . $field:ident)) => {
        Some($params.$field.number())
    };
    ($params:ident, $other:tt) => {
        None
    };
}

/// Stores the value of `$variant` in its field of the subnet.
macro_rules! write_subnet {
    ($values:ident, $value:ident, $variant:ident
        ($unit:ident $bounds:expr, subnet $( . $field:ident )+)) => {
        if let Hyperparameter::$variant(value) = $value {
            $values $( . $field )+ = *value;
        }
    };
    ($values:ident, $value:ident, $variant:ident
        ($unit:ident $bounds:expr, not subnet $( . $field:ident )+)) => {
        if let Hyperparameter::$variant(value) = $value {
            $values $( . $field )+ = !*value;
        }
    };
    ($values:ident, $value:ident, $variant:ident $( $other:tt )+) => {};
}

/// Stores the value or the two values of `$variant` in fields of `YumaParams`.
macro_rules! write_yuma {
    ($params:ident, $value:ident, $variant:ident ($unit:ident $bounds:expr, yuma . $field:ident)) => {
        if let Hyperparameter::$variant(value) = $value {
            $params.$field = *value;
        }
    };
    ($params:ident, $value:ident, $variant:ident
        ($unit:ident $bounds:expr, yuma . $field:ident)
        ($unit2:ident $bounds2:expr, yuma . $field2:ident)) => {
        if let Hyperparameter::$variant(value, value2) = $value {
            $params.$field = *value;
            $params.$field2 = *value2;
        }
    };
    ($params:ident, $value:ident, $variant:ident $( $other:tt )+) => {};
}

inktensor_primitives::hyperparameters!(define);
