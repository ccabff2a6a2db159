//! Numbers of one kind, as in JSON: an integer and a float of the same size are the same number.

use std::cmp::Ordering;

use serde_json::{Number, Value};

use super::EvalError;

/// 2^53: up to here a float holds every integer.
const EXACT: f64 = 9_007_199_254_740_992.0;

/// A number, kept as an integer where it is one.
#[derive(Clone, Copy, Debug)]
pub(super) enum Num {
    Int(i64),
    Real(f64),
}

impl Num {
    pub fn of(value: &Value) -> Option<Self> {
        let Value::Number(number) = value else { return None };
        match number.as_i64() {
            Some(int) => Some(Self::Int(int)),
            None => number.as_f64().map(Self::real),
        }
    }

    /// A float, as an integer where it is one.
    pub fn real(real: f64) -> Self {
        if real.fract() == 0.0 && real.abs() <= EXACT {
            #[expect(clippy::cast_possible_truncation, reason = "a whole number of at most 2^53")]
            Self::Int(real as i64)
        } else {
            Self::Real(real)
        }
    }

    #[expect(
        clippy::cast_precision_loss,
        reason = "beyond 2^53 a float's precision is what is asked for"
    )]
    pub fn as_f64(self) -> f64 {
        match self {
            Self::Int(int) => int as f64,
            Self::Real(real) => real,
        }
    }

    /// As a position in a list; `None` where it is negative or has a fraction.
    pub fn as_index(self) -> Option<usize> {
        match self {
            Self::Int(int) => usize::try_from(int).ok(),
            Self::Real(_) => None,
        }
    }

    pub fn into_value(self) -> Result<Value, EvalError> {
        match self {
            Self::Int(int) => Ok(Value::from(int)),
            Self::Real(real) => Number::from_f64(real)
                .map(Value::Number)
                .ok_or_else(|| EvalError::Type("the result is no finite number".into())),
        }
    }

    pub fn compare(self, other: Self) -> Ordering {
        match (self, other) {
            (Self::Int(a), Self::Int(b)) => a.cmp(&b),
            (a, b) => a.as_f64().total_cmp(&b.as_f64()),
        }
    }

    pub fn add(self, other: Self) -> Self {
        self.combine(other, i64::checked_add, |a, b| a + b)
    }

    pub fn subtract(self, other: Self) -> Self {
        self.combine(other, i64::checked_sub, |a, b| a - b)
    }

    pub fn multiply(self, other: Self) -> Self {
        self.combine(other, i64::checked_mul, |a, b| a * b)
    }

    pub fn divide(self, other: Self) -> Result<Self, EvalError> {
        other.not_zero()?;
        Ok(self.combine(
            other,
            |a, b| {
                if a.checked_rem(b) == Some(0) {
                    a.checked_div(b)
                } else {
                    None
                }
            },
            |a, b| a / b,
        ))
    }

    pub fn remainder(self, other: Self) -> Result<Self, EvalError> {
        other.not_zero()?;
        Ok(self.combine(other, i64::checked_rem, |a, b| a % b))
    }

    pub fn negate(self) -> Self {
        Self::Int(0).subtract(self)
    }

    fn not_zero(self) -> Result<(), EvalError> {
        if self.compare(Self::Int(0)) == Ordering::Equal {
            return Err(EvalError::Type("division by zero".into()));
        }
        Ok(())
    }

    /// Exactly where both are integers and the result is one, else in floats.
    fn combine(self, other: Self, ints: fn(i64, i64) -> Option<i64>, reals: fn(f64, f64) -> f64) -> Self {
        if let (Self::Int(a), Self::Int(b)) = (self, other)
            && let Some(result) = ints(a, b)
        {
            return Self::Int(result);
        }
        Self::real(reals(self.as_f64(), other.as_f64()))
    }
}
