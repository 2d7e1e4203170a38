//! Variables: assignment, whole and in part.

use gradus_autograd::Variable;
use gradus_tensor::Tensor;
use gradus_tensor::ops::Index;
use serde_json::Value as Json;

use super::bind::take;
use crate::golden::Attrs;
use crate::registry::{ConformanceError, Registry};

pub fn register(r: &mut Registry) {
    r.op("x.assign_add", |x, _| {
        let [x, delta] = take(x)?;
        let variable = Variable::new(x.clone());
        variable.assign_add(delta)?;
        Ok(vec![variable.value()])
    });
    r.op("x.assign_sub", |x, _| {
        let [x, delta] = take(x)?;
        let variable = Variable::new(x.clone());
        variable.assign_sub(delta)?;
        Ok(vec![variable.value()])
    });
    r.op("x.variable_assign", steps);
}

/// Assignments one after another; the value after each.
fn steps(x: &[Tensor], attrs: &Attrs<'_>) -> Result<Vec<Tensor>, ConformanceError> {
    let [x] = take(x)?;
    let variable = Variable::new(x.clone());
    let steps = attrs.read("steps", |json| json.as_array().cloned())?;
    let mut values = Vec::new();
    for step in &steps {
        let old = variable.value();
        let number = |v: f64| Tensor::scalar_of(old.dtype(), v);
        let unfit = || ConformanceError::Case(format!("unknown step {step}"));
        let new = match step.as_array().map(Vec::as_slice) {
            Some([name, factor]) if name == "assign_scaled" => {
                old.mul(&number(factor.as_f64().ok_or_else(unfit)?))?
            }
            Some([name, place, value]) if name == "set_index" => {
                let place = place.as_array().ok_or_else(unfit)?;
                let items: Option<Vec<_>> = place.iter().map(position).collect();
                old.with_slice(items.ok_or_else(unfit)?, &number(value.as_f64().ok_or_else(unfit)?))?
            }
            Some([name, column, column_values]) if name == "set_column" => {
                let items = [Index::Ellipsis, position(column).ok_or_else(unfit)?];
                let list: Option<Vec<f64>> =
                    column_values.as_array().and_then(|l| l.iter().map(Json::as_f64).collect());
                let list = list.ok_or_else(unfit)?;
                old.with_slice(items, &Tensor::from_slice(&list, [list.len()])?.cast(old.dtype())?)?
            }
            _ => return Err(unfit()),
        };
        variable.assign(&new)?;
        values.push(variable.value());
    }
    Ok(values)
}

fn position(json: &Json) -> Option<Index> {
    json.as_i64().map(|at| Index::At(at as isize))
}
