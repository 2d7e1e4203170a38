//! Variables: assignment, whole and in part.

use gradus_autograd::Variable;
use gradus_tensor::Tensor;
use gradus_tensor::ops::Index;
use serde_json::Value as Json;

use super::bind::take;
use crate::golden::Attrs;
use crate::registry::{ConformanceError, Registry};

/// Binds assignments: a variable that starts with the first input is given the others, and read.
macro_rules! assign {
    ($r:ident: $($name:literal => $method:ident($($given:ident),*)),* $(,)?) => {$(
        $r.op($name, |x, _| {
            let [x, $($given),*] = take(x)?;
            let variable = Variable::new(x.clone());
            variable.$method($($given),*)?;
            Ok(vec![variable.value()])
        });
    )*};
}

pub fn register(r: &mut Registry) {
    assign!(r:
        "x.assign_add" => assign_add(delta),
        "x.assign_sub" => assign_sub(delta),
        "x.batch_scatter_update" => batch_scatter_update(rows, updates),
        "x.scatter_add" => scatter_add(rows, updates),
        "x.scatter_max" => scatter_max(rows, updates),
        "x.scatter_min" => scatter_min(rows, updates),
        "x.scatter_nd_add" => scatter_nd_add(places, updates),
        "x.scatter_nd_sub" => scatter_nd_sub(places, updates),
        "x.scatter_nd_update" => scatter_nd_update(places, updates),
        "x.scatter_sub" => scatter_sub(rows, updates),
        "x.scatter_update" => scatter_update(rows, updates),
    );
    r.op("x.variable_assign", steps);
}

/// Assignments one after another; the value after each.
fn steps(x: &[Tensor], attrs: &Attrs<'_>) -> Result<Vec<Tensor>, ConformanceError> {
    let [x] = take(x)?;
    let variable = Variable::new(x.clone());
    let steps = attrs.read("steps", |json| json.as_array().cloned())?;
    let mut values = Vec::new();
    for step in &steps {
        let number = |v: &Json| v.as_f64().map(|v| Tensor::scalar_of(variable.dtype(), v));
        let unfit = || ConformanceError::Case(format!("unknown step {step}"));
        match step.as_array().map(Vec::as_slice) {
            Some([name, factor]) if name == "assign_scaled" => {
                variable.assign(&variable.value().mul(&number(factor).ok_or_else(unfit)?)?)?;
            }
            Some([name, place, value]) if name == "set_index" => {
                let items: Option<Vec<_>> =
                    place.as_array().ok_or_else(unfit)?.iter().map(position).collect();
                variable.slice(items.ok_or_else(unfit)?).assign(&number(value).ok_or_else(unfit)?)?;
            }
            Some([name, column, column_values]) if name == "set_column" => {
                let items = [Index::Ellipsis, position(column).ok_or_else(unfit)?];
                let list: Option<Vec<f64>> =
                    column_values.as_array().and_then(|l| l.iter().map(Json::as_f64).collect());
                let list = list.ok_or_else(unfit)?;
                let column = Tensor::from_slice(&list, [list.len()])?.cast(variable.dtype())?;
                variable.slice(items).assign(&column)?;
            }
            _ => return Err(unfit()),
        }
        values.push(variable.value());
    }
    Ok(values)
}

fn position(json: &Json) -> Option<Index> {
    json.as_i64().map(|at| Index::At(at as isize))
}
