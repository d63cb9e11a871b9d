//! Times and durations with the methods templates call on them.

use std::any::Any;
use std::sync::Arc;

use jiff::Timestamp;
use shipgate_template::{Function, Object, Parameter, Value};

use crate::golang::{GoDuration, GoTime, format_time};

pub(super) const TIME: &str = "time.Time";
pub(super) const DURATION: &str = "time.Duration";

/// How a time is printed.
const LAYOUT: &str = "2006-01-02 15:04:05.999999999 -0700 MST";

/// A time as a template's object.
#[derive(Clone, Copy, Debug)]
pub(super) struct Time(pub(super) GoTime);

/// A duration as a template's object.
#[derive(Clone, Copy, Debug)]
pub(super) struct Duration(pub(super) GoDuration);

pub(super) fn time(time: GoTime) -> Value {
    Value::Object(Arc::new(Time(time)))
}

pub(super) fn duration(duration: GoDuration) -> Value {
    Value::Object(Arc::new(Duration(duration)))
}

fn getter(value: Value) -> Option<Function> {
    Some(Function::new(&[], move |_| Ok(value.clone())))
}

impl Time {
    /// Nanoseconds since 1970; the zero time is the year 1.
    fn nanos(self) -> i128 {
        const YEAR_ONE: i128 = -62_135_596_800_000_000_000;
        self.0
            .timestamp()
            .map_or(YEAR_ONE, Timestamp::as_nanosecond)
    }

    /// Units since 1970, rounded down.
    fn units(self, nanos_per_unit: i128) -> Option<Function> {
        let units = self.nanos().div_euclid(nanos_per_unit);
        getter(Value::from(i64::try_from(units).unwrap_or(i64::MAX)))
    }

    /// A method with another time.
    fn with_other(self, body: fn(i128, i128) -> Value) -> Option<Function> {
        Some(Function::new(
            &[Parameter::Object(TIME)],
            move |arguments| {
                let other = arguments[0].downcast::<Self>();
                let other = other.ok_or("no time")?;
                Ok(body(self.nanos(), other.nanos()))
            },
        ))
    }
}

impl Object for Time {
    fn type_name(&self) -> &'static str {
        TIME
    }

    fn fields(&self) -> &[(&'static str, Value)] {
        &[]
    }

    fn method(&self, name: &str) -> Option<Function> {
        let time = *self;
        match name {
            "Sub" => self.with_other(|one, other| {
                // As far as a duration reaches.
                let bound = |nanos: i128| nanos.clamp(i64::MIN.into(), i64::MAX.into());
                let nanos = i64::try_from(bound(one - other)).unwrap_or_default();
                duration(GoDuration::from_nanos(nanos))
            }),
            "Before" => self.with_other(|one, other| Value::from(one < other)),
            "After" => self.with_other(|one, other| Value::from(one > other)),
            "Equal" => self.with_other(|one, other| Value::from(one == other)),
            "Format" => Some(Function::new(&[Parameter::String], move |arguments| {
                let layout = arguments[0].as_str().unwrap_or_default();
                Ok(Value::from(format_time(time.0, layout)))
            })),
            "String" => getter(Value::from(self.text().unwrap_or_default())),
            "IsZero" => getter(Value::from(self.0.timestamp().is_none())),
            // Reports tell every time in UTC.
            "UTC" | "Local" => getter(Value::Object(Arc::new(time))),
            "Unix" => self.units(1_000_000_000),
            "UnixMilli" => self.units(1_000_000),
            "UnixMicro" => self.units(1_000),
            "UnixNano" => self.units(1),
            _ => None,
        }
    }

    fn text(&self) -> Option<String> {
        Some(format_time(self.0, LAYOUT))
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}

impl Object for Duration {
    fn type_name(&self) -> &'static str {
        DURATION
    }

    fn fields(&self) -> &[(&'static str, Value)] {
        &[]
    }

    fn method(&self, name: &str) -> Option<Function> {
        let nanos = self.0.as_nanos();
        #[expect(
            clippy::cast_precision_loss,
            reason = "seconds as a float are what is asked for"
        )]
        let seconds = nanos as f64 / 1e9;
        match name {
            "String" => getter(Value::from(self.0.to_string())),
            "Seconds" => getter(Value::from(seconds)),
            "Minutes" => getter(Value::from(seconds / 60.0)),
            "Hours" => getter(Value::from(seconds / 3_600.0)),
            "Milliseconds" => getter(Value::from(nanos / 1_000_000)),
            "Microseconds" => getter(Value::from(nanos / 1_000)),
            "Nanoseconds" => getter(Value::from(nanos)),
            "Round" => Some(Function::new(&[Parameter::Int], move |arguments| {
                let unit = arguments[0].as_int().unwrap_or_default();
                Ok(duration(GoDuration::from_nanos(rounded(nanos, unit))))
            })),
            "Truncate" => Some(Function::new(&[Parameter::Int], move |arguments| {
                let unit = arguments[0].as_int().unwrap_or_default();
                let rest = if unit > 0 { nanos % unit } else { 0 };
                Ok(duration(GoDuration::from_nanos(nanos - rest)))
            })),
            _ => None,
        }
    }

    fn text(&self) -> Option<String> {
        Some(self.0.to_string())
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}

/// The multiple of `unit` that is nearest, away from zero in the middle.
fn rounded(nanos: i64, unit: i64) -> i64 {
    if unit <= 0 {
        return nanos;
    }
    let rest = nanos % unit;
    if rest.unsigned_abs() < unit.unsigned_abs() - rest.unsigned_abs() {
        nanos - rest
    } else {
        (nanos - rest).saturating_add(unit * nanos.signum())
    }
}
