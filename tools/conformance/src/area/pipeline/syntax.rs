//! The little language in which cases write pipelines: `range(10).filter(x%3==0).batch(2, drop_remainder=True)`.
//!
//! Python's calls, lists, tuples, dicts and arithmetic, plus a number in front of a name (`2x+1`) and a word in front
//! of a list (`ragged [[1], []]`).

use std::collections::BTreeMap;

/// An expression.
#[derive(Clone, Debug, PartialEq)]
#[allow(missing_docs)]
pub enum Expr {
    Int(i64),
    Float(f64),
    Text(String),
    Name(String),
    List(Vec<Expr>),
    Tuple(Vec<Expr>),
    Dict(Vec<(String, Expr)>),
    /// A call, on the value before the dot where there is one.
    Call {
        on: Option<Box<Expr>>,
        name: String,
        args: Args,
    },
    Index(Box<Expr>, Box<Expr>),
    Negative(Box<Expr>),
    Binary(Box<Expr>, &'static str, Box<Expr>),
}

/// Positional and keyword arguments of a call.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Args {
    /// By position.
    pub list: Vec<Expr>,
    /// By name.
    pub named: BTreeMap<String, Expr>,
}

/// Parses a whole text.
pub fn parse(text: &str) -> Result<Expr, String> {
    let tokens = tokens(text)?;
    let mut parser = Parser { tokens: &tokens, at: 0 };
    let expr = parser.compare()?;
    match parser.tokens.get(parser.at) {
        None => Ok(expr),
        Some(rest) => Err(format!("{text}: unexpected {rest:?}")),
    }
}

#[derive(Clone, Debug, PartialEq)]
enum Token {
    Number(String),
    Word(String),
    Text(String),
    Symbol(&'static str),
}

/// Longer symbols first, so that `==` is not two `=`.
const SYMBOLS: [&str; 21] = [
    "==", "!=", "<=", ">=", "<", ">", "=", "(", ")", "[", "]", "{", "}", ",", ":", ".", "+", "-", "*", "/",
    "%",
];

fn tokens(text: &str) -> Result<Vec<Token>, String> {
    let mut tokens = Vec::new();
    let mut rest = text.trim_start();
    while let Some(first) = rest.chars().next() {
        let taken = if first.is_ascii_digit() {
            let digits = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
            let fraction =
                rest[digits..].strip_prefix('.').filter(|r| r.starts_with(|c: char| c.is_ascii_digit()));
            let length = match fraction {
                Some(r) => digits + 1 + r.find(|c: char| !c.is_ascii_digit()).unwrap_or(r.len()),
                None => digits,
            };
            tokens.push(Token::Number(rest[..length].to_string()));
            length
        } else if first.is_ascii_alphabetic() || first == '_' {
            let length = rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(rest.len());
            tokens.push(Token::Word(rest[..length].to_string()));
            length
        } else if first == '\'' {
            let length = rest[1..].find('\'').ok_or_else(|| format!("{text}: a string without end"))?;
            tokens.push(Token::Text(rest[1..=length].to_string()));
            length + 2
        } else {
            let symbol = SYMBOLS.into_iter().find(|s| rest.starts_with(s));
            let symbol = symbol.ok_or_else(|| format!("{text}: unexpected {first:?}"))?;
            tokens.push(Token::Symbol(symbol));
            symbol.len()
        };
        rest = rest[taken..].trim_start();
    }
    Ok(tokens)
}

struct Parser<'a> {
    tokens: &'a [Token],
    at: usize,
}

type Parsed = Result<Expr, String>;

impl Parser<'_> {
    fn peek(&self) -> Option<&Token> {
        self.tokens.get(self.at)
    }

    fn accept(&mut self, wanted: &'static str) -> bool {
        let found = self.peek() == Some(&Token::Symbol(wanted));
        self.at += usize::from(found);
        found
    }

    fn expect(&mut self, wanted: &'static str) -> Result<(), String> {
        if self.accept(wanted) {
            Ok(())
        } else {
            Err(format!("expected {wanted:?}, found {:?}", self.peek()))
        }
    }

    /// Operators of one precedence, left to right.
    fn chain(&mut self, operators: &[&'static str], next: fn(&mut Self) -> Parsed) -> Parsed {
        let mut left = next(self)?;
        while let Some(operator) = operators.iter().copied().find(|o| self.accept(o)) {
            left = Expr::Binary(Box::new(left), operator, Box::new(next(self)?));
        }
        Ok(left)
    }

    fn compare(&mut self) -> Parsed {
        self.chain(&["==", "!=", "<=", ">=", "<", ">"], Self::sum)
    }

    fn sum(&mut self) -> Parsed {
        self.chain(&["+", "-"], Self::product)
    }

    fn product(&mut self) -> Parsed {
        self.chain(&["*", "/", "%"], Self::unary)
    }

    fn unary(&mut self) -> Parsed {
        if self.accept("-") {
            return Ok(Expr::Negative(Box::new(self.unary()?)));
        }
        let value = self.postfix()?;
        let number = matches!(value, Expr::Int(_) | Expr::Float(_));
        if number && matches!(self.peek(), Some(Token::Word(_))) {
            return Ok(Expr::Binary(Box::new(value), "*", Box::new(self.postfix()?)));
        }
        Ok(value)
    }

    fn postfix(&mut self) -> Parsed {
        let mut value = self.primary()?;
        loop {
            if self.accept(".") {
                let name = self.word()?;
                self.expect("(")?;
                value = Expr::Call { on: Some(Box::new(value)), name, args: self.args()? };
            } else if matches!(value, Expr::Name(_)) && self.peek() == Some(&Token::Symbol("[")) {
                let Expr::List(mut inside) = self.primary()? else {
                    return Err("expected a list".to_string());
                };
                value = match (value, inside.pop()) {
                    // `lengths[i]` looks one entry up; `ragged [[1], []]` names what the list is.
                    (name, Some(index @ Expr::Name(_))) if inside.is_empty() => {
                        Expr::Index(Box::new(name), Box::new(index))
                    }
                    (Expr::Name(name), last) => {
                        inside.extend(last);
                        let args = Args { list: vec![Expr::List(inside)], named: BTreeMap::new() };
                        Expr::Call { on: None, name, args }
                    }
                    (other, _) => return Err(format!("{other:?} before a list")),
                };
            } else {
                return Ok(value);
            }
        }
    }

    fn word(&mut self) -> Result<String, String> {
        match self.peek().cloned() {
            Some(Token::Word(word)) => {
                self.at += 1;
                Ok(word)
            }
            other => Err(format!("expected a name, found {other:?}")),
        }
    }

    fn primary(&mut self) -> Parsed {
        let token = self.peek().cloned().ok_or("unexpected end")?;
        self.at += 1;
        match token {
            Token::Number(n) => match n.parse() {
                Ok(whole) => Ok(Expr::Int(whole)),
                Err(_) => n.parse().map(Expr::Float).map_err(|_| format!("bad number {n}")),
            },
            Token::Text(text) => Ok(Expr::Text(text)),
            Token::Word(name) if self.accept("(") => Ok(Expr::Call { on: None, name, args: self.args()? }),
            Token::Word(name) => Ok(Expr::Name(name)),
            Token::Symbol("(") => {
                let first = self.compare()?;
                if self.accept(")") {
                    return Ok(first);
                }
                self.expect(",")?;
                let mut items = vec![first];
                items.extend(self.list(")")?);
                Ok(Expr::Tuple(items))
            }
            Token::Symbol("[") => Ok(Expr::List(self.list("]")?)),
            Token::Symbol("{") => {
                let mut entries = Vec::new();
                while !self.accept("}") {
                    let Some(Token::Text(key)) = self.peek().cloned() else {
                        return Err("expected a key".to_string());
                    };
                    self.at += 1;
                    self.expect(":")?;
                    entries.push((key, self.compare()?));
                    self.accept(",");
                }
                Ok(Expr::Dict(entries))
            }
            other => Err(format!("unexpected {other:?}")),
        }
    }

    fn list(&mut self, end: &'static str) -> Result<Vec<Expr>, String> {
        let mut items = Vec::new();
        while !self.accept(end) {
            items.push(self.compare()?);
            if !self.accept(",") {
                self.expect(end)?;
                break;
            }
        }
        Ok(items)
    }

    fn args(&mut self) -> Result<Args, String> {
        let mut args = Args::default();
        while !self.accept(")") {
            let named =
                matches!(self.tokens.get(self.at..self.at + 2), Some([Token::Word(_), Token::Symbol("=")]));
            if named {
                let name = self.word()?;
                self.expect("=")?;
                args.named.insert(name, self.compare()?);
            } else {
                args.list.push(self.compare()?);
            }
            if !self.accept(",") {
                self.expect(")")?;
                break;
            }
        }
        Ok(args)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form() {
        let name = |n: &str| Box::new(Expr::Name(n.to_string()));
        let int = |n| Box::new(Expr::Int(n));
        let call = |n: &str, list: Vec<Expr>| Expr::Call {
            on: None,
            name: n.to_string(),
            args: Args { list, named: BTreeMap::new() },
        };
        let cases = [
            ("2x+1", Expr::Binary(Box::new(Expr::Binary(int(2), "*", name("x"))), "+", int(1))),
            ("x%3==0", Expr::Binary(Box::new(Expr::Binary(name("x"), "%", int(3))), "==", int(0))),
            ("lengths[i]", Expr::Index(name("lengths"), name("i"))),
            ("u8 [0, 5]", call("u8", vec![Expr::List(vec![Expr::Int(0), Expr::Int(5)])])),
            ("(x,-x)", Expr::Tuple(vec![*name("x"), Expr::Negative(name("x"))])),
            ("{'a':x}", Expr::Dict(vec![("a".to_string(), *name("x"))])),
            ("1.5", Expr::Float(1.5)),
            (
                "range(3).take(2)",
                Expr::Call {
                    on: Some(Box::new(call("range", vec![Expr::Int(3)]))),
                    name: "take".to_string(),
                    args: Args { list: vec![Expr::Int(2)], named: BTreeMap::new() },
                },
            ),
        ];
        for (text, want) in cases {
            assert_eq!(parse(text), Ok(want), "{text}");
        }
        for text in ["range(", "x ?", "'open", "a b", "f(x))"] {
            assert!(parse(text).is_err(), "{text}");
        }
    }
}
