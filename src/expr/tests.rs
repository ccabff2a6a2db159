use proptest::prelude::*;
use serde_json::json;

use super::*;

fn value(text: &str, it: &Value) -> Result<Value, EvalError> {
    Expression::compile(text)
        .unwrap_or_else(|error| panic!("{text}: {error:?}"))
        .evaluate(&Bindings::new().with("it", it), Budget::default())
}

fn gives(text: &str, it: &Value, wanted: &Value) {
    assert_eq!(value(text, it).as_ref(), Ok(wanted), "{text}");
}

#[test]
fn numbers_are_of_one_kind() {
    let it = json!({"int": 1, "float": 1.0, "half": 0.5, "big": u64::MAX, "list": [10, 20, 30], "two": 2.0});
    for text in [
        "it.int == it.float",
        "it.int + it.half == 1.5",
        "1u + it.half == 1.5",
        "7 / 2 == 3.5",
        "6 / 2 == 3",
        "it.list[it.two] == 30",
        "it.list[2.0] == 30",
        "it.big > 9223372036854775807",
        "it.big > it.half",
        "1.0 in it.list || 10.0 in it.list",
        "string(it.float) == '1'",
        "size(it.list) * 1.5 == 4.5",
        "-it.half < 0",
        "9223372036854775807 + 1 > 9000000000000000000",
        "[1, 2.0] == [1.0, 2]",
        "7 % 4 == 3 && 7.5 % 2 == 1.5",
        "0.1 + 0.2 != 0.3 && near(0.1 + 0.2, 0.3, 0.000001)",
    ] {
        gives(text, &it, &json!(true));
    }
    assert_eq!(value("1 / 0", &it), Err(EvalError::Type("division by zero".into())));
    assert_eq!(value("1.5 % 0", &it), Err(EvalError::Type("division by zero".into())));
    assert!(matches!(value("1e308 * 10", &it), Err(EvalError::Type(_))));
}

#[test]
fn what_is_absent_is_named_by_its_path() {
    let it = json!({"a": {"b": [1]}, "rows": [{"x": 1}, {"y": 2}, {"x": 3}]});
    let absent = |text: &str| match value(text, &it) {
        Err(EvalError::Absent(path)) => path,
        other => panic!("{text}: {other:?}"),
    };
    assert_eq!(absent("it.auc > 1"), "it.auc");
    assert_eq!(absent("it.a.c.d == 1"), "it.a.c");
    assert_eq!(absent("it.a.b[3] == 1"), "it.a.b[3]");
    assert_eq!(absent("it['k']"), "it[\"k\"]");
    assert_eq!(absent("site.status"), "site");
    assert_eq!(absent("column(it.rows, 'x')"), "it.rows[1].x");
    assert_eq!(absent("it.rows.map(r, r.x)"), "r.x");
    assert_eq!(absent("!(it.nothing == 1)"), "it.nothing");
    for (text, wanted) in [
        ("has(it.a.b)", true),
        ("has(it.a.c)", false),
        ("has(it.x.y.z)", false),
        ("has(it.a.b.c)", false),
        ("has(it['a'])", true),
        ("it.rows.exists(r, r.x == 3)", true),
        ("it.rows.exists(r, r.z == 3)", false),
        ("it.rows.all(r, r.x > 0)", false),
        ("it.rows.filter(r, r.x > 0) == [{'x': 1}, {'x': 3}]", true),
        ("it.rows.exists_one(r, r.y == 2)", true),
        ("it.nothing == 1 || has(it.a)", true),
        ("it.nothing == 1 && has(it.b)", false),
        ("has(it.b) && it.b.c == 1", false),
        ("it.a.exists(key, key == 'b')", true),
    ] {
        gives(text, &it, &json!(wanted));
    }
}

#[test]
fn functions_do_what_they_say() {
    let it = json!({
        "text": "b\na\r\nc\n", "list": [3, 1.0, 2, 1], "rows": [{"n": "x", "v": 1}, {"n": "y", "v": 2.5}], "word": "Grüße"
    });
    for (text, wanted) in [
        ("lines(it.text)", json!(["b", "a", "c"])),
        ("it.text.lines()", json!(["b", "a", "c"])),
        ("size(it.word)", json!(5)),
        ("sorted(it.list)", json!([1.0, 1, 2, 3])),
        ("unique(it.list)", json!([3, 1.0, 2])),
        ("sum(it.list)", json!(7)),
        ("mean(it.list)", json!(1.75)),
        ("min(it.list)", json!(1.0)),
        ("max(it.list)", json!(3)),
        ("column(it.rows, 'v')", json!([1, 2.5])),
        ("rounded(2.675, 2)", json!(2.67)),
        ("rounded(0.12345, 3)", json!(0.123)),
        ("rounded(7, 2)", json!(7)),
        ("it.word.matches('^Gr.+e$')", json!(true)),
        ("it.word.matches('^' + 'X')", json!(false)),
        (
            "it.text.contains('a') && it.text.startsWith('b') && !it.text.endsWith('b')",
            json!(true),
        ),
        ("it.list.contains(2.0)", json!(true)),
        ("lower(it.word) + trim(' x ')", json!("grüßex")),
        ("join(split('a,b', ','), '-')", json!("a-b")),
        ("abs(-2.5) + abs(1)", json!(3.5)),
        ("'auc is ' + string(0.5)", json!("auc is 0.5")),
        ("string([1, 'a'])", json!("[1,\"a\"]")),
        ("int('12') + int(3.9)", json!(15)),
        ("double(' 2.5 ')", json!(2.5)),
        ("type(it.list) + type(1) + type(null)", json!("listnumbernull")),
        ("keys({'a': 1})", json!(["a"])),
        ("it.rows.map(r, r.v > 1, r.n)", json!(["y"])),
        ("size([]) == 0 ? 'none' : 'some'", json!("none")),
        ("'v' in it.rows[0] && !('q' in it.rows[0])", json!(true)),
        ("[1] + [2]", json!([1, 2])),
        ("{'a': it.list}.a[0]", json!(3)),
    ] {
        gives(text, &it, &wanted);
    }
}

#[test]
fn kinds_that_do_not_fit_are_said() {
    let it = json!({"list": [1], "text": "x"});
    for (text, wanted) in [
        ("it.list.x", "it.list is a list, so it has no `x`"),
        ("it.text > 1", "it.text is a text and 1 is a number: they have no order"),
        ("it.text + 1", "`+` is not for a text and a number (it.text, 1)"),
        ("sum(it.text)", "it.text is a text, and `sum(list)` needs a list"),
        ("max([])", "(…) is empty, and `max(list)` needs an element"),
        ("it.text && true", "it.text is a text, not true or false"),
        (
            "it.text.exists(x, x == 1)",
            "it.text is a text, and `exists` goes through lists",
        ),
        ("sorted([1, 'a'])", "a text cannot be compared with a number"),
        (
            "int('one')",
            "\"one\" is a text, and `int(x)` needs a number, or a text that is one",
        ),
    ] {
        assert_eq!(value(text, &it), Err(EvalError::Type(wanted.into())), "{text}");
    }
    let list = Expression::compile("it.list").unwrap();
    let bindings = Bindings::new().with("it", &it);
    assert!(list.holds(&bindings, Budget::default()).is_err());
    assert_eq!(list.text(&bindings, Budget::default()).unwrap(), "[1]");
}

#[test]
fn an_evaluation_ends() {
    let long: Vec<u32> = (0..10_000).collect();
    let it = json!({"long": long, "longer": vec![0; 10_001], "text": "x".repeat(1 << 19)});
    for text in [
        "it.long.all(a, it.long.all(b, it.long.all(c, a + b + c >= 0)))",
        "it.long.map(a, it.long.map(b, [a, b])) == []",
        "it.longer.all(a, a == 0)",
        "it.text + it.text + it.text",
        "it.long.map(a, it.text) == []",
        "unique(it.long.map(a, string(a) + it.text)) == []",
        "it.long.filter(a, it.text.contains('y' + string(a))) == []",
        "it.long.exists(a, it.long.exists(b, has(it.x) || it.long.exists(c, c < 0)))",
    ] {
        assert!(matches!(value(text, &it), Err(EvalError::Deadline(_))), "{text}");
    }
    gives("it.long.all(a, a >= 0) && size(it.longer) == 10001", &it, &json!(true));
}

#[test]
fn errors_point_at_the_place() {
    for (text, message, place, help) in [
        (
            "it.auc = 1",
            "`=` is not part of an expression",
            "=",
            "write `==` to compare",
        ),
        (
            "it.a and it.b",
            "`and` was not expected here",
            "and",
            "write `&&` for and",
        ),
        ("it.auc >", "the expression ends too early", "", "something is missing"),
        (
            "it.x == 'abc",
            "a text that does not end",
            "'",
            "close the quotation mark",
        ),
        (
            "sorteed(it)",
            "there is no function `sorteed`",
            "sorteed",
            "did you mean `sorted`?",
        ),
        (
            "'é' + frob(it)",
            "there is no function `frob`",
            "frob",
            "there are: size",
        ),
        (
            "near(1, 2)",
            "`near` has 2 arguments, and takes 3",
            "near",
            "near(a, b, tolerance)",
        ),
        (
            "it.matches('(')",
            "no regular expression: unclosed group",
            "'('",
            "backslashes",
        ),
        ("it.all(x)", "`all` has 1 arguments, and takes 2", "all", "list.all(x"),
        ("has(it)", "`has` looks for one field", "has", "has(it.field)"),
        ("exists(x, x == 1)", "there is no function `exists`", "exists", ""),
        ("", "the expression is empty", "", "write what must be true"),
        ("(1", "the expression ends too early", "", "missing at the end"),
    ] {
        let error = Expression::compile(text).expect_err(text);
        assert_eq!(error.message, message, "{text}");
        assert_eq!(&text[error.span.clone()], place, "{text}");
        assert!(
            error.help.clone().unwrap_or_default().contains(help),
            "{text}: {error:?}"
        );
    }
    for deep in [
        "(".repeat(2000) + "1",
        "[".repeat(4000),
        "1+".repeat(2000) + "1",
        "a.".repeat(2000) + "b",
        "a?b:".repeat(900) + "c",
        "x".repeat(5000),
    ] {
        assert!(Expression::compile(&deep).is_err(), "{}", &deep[..8]);
    }
}

#[test]
fn lint_knows_what_cannot_hold() {
    let lint = |text: &str, wanted| -> Vec<String> {
        Expression::compile(text)
            .unwrap()
            .lint(&["it", "params"], wanted)
            .into_iter()
            .map(|error| format!("{} @{}", error.message, &text[error.span]))
            .collect()
    };
    let fine: Vec<String> = vec![];
    assert_eq!(lint("has(it.auc) && it.auc > params.floor", Wanted::Bool), fine);
    assert_eq!(lint("it.rows.exists(r, r.x == 1 && it.y == 2)", Wanted::Bool), fine);
    assert_eq!(lint("it.ok", Wanted::Bool), fine);
    assert_eq!(lint("'x' + string(it.n)", Wanted::Text), fine);
    assert_eq!(lint("itt.auc > 1", Wanted::Bool), ["there is no `itt` here @itt"]);
    assert_eq!(
        lint("size(it)", Wanted::Bool),
        ["the expression is a number, not true or false @(it"]
    );
    assert_eq!(
        lint("'auc ' + 1", Wanted::Text),
        ["`+` is not for a text and a number @'auc ' + 1"]
    );
    assert_eq!(lint("size(it) == 'x'", Wanted::Bool).len(), 1);
    assert_eq!(
        lint("it.rows.all(r, it.x > 1)", Wanted::Bool),
        ["the condition says nothing about `r` @it.x > 1"]
    );
    assert_eq!(lint("it.rows.all(it, it.x > 1)", Wanted::Bool).len(), 1);
    assert_eq!(lint("lines(it.text) && true", Wanted::Bool).len(), 1);
    assert!(!Expression::compile("it.map(params, params.x)").unwrap().uses("params"));
    assert!(Expression::compile("[1].map(x, x + params.y)").unwrap().uses("params"));
}

fn any_value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        ".{0,8}".prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 24, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map("[a-c]", inner, 0..4).prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

/// Expressions that can be read, of any shape and mostly without sense.
fn any_expression() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        Just("it".to_owned()),
        Just("it.a".to_owned()),
        Just("it.a.b".to_owned()),
        Just("it[0]".to_owned()),
        Just("'text'".to_owned()),
        any::<i32>().prop_map(|int| if int < 0 { format!("({int})") } else { int.to_string() }),
        (0.0..1e9).prop_map(|real: f64| format!("{real:.3}")),
        Just("true".to_owned()),
        Just("null".to_owned()),
        Just("[]".to_owned()),
    ];
    leaf.prop_recursive(4, 32, 3, |inner| {
        let pair = (inner.clone(), inner.clone());
        prop_oneof![
            (
                pair,
                prop::sample::select(vec!["+", "-", "*", "/", "%", "==", "!=", "<", ">=", "in", "&&", "||"])
            )
                .prop_map(|((a, b), sign)| format!("({a} {sign} {b})")),
            (inner.clone(), prop::sample::select(functions::Function::NAMES.to_vec())).prop_map(|(a, name)| {
                let arity = functions::Function::of(name).unwrap().arity();
                format!("{name}({})", vec![a; arity].join(", "))
            }),
            (
                inner.clone(),
                inner.clone(),
                prop::sample::select(vec!["exists", "all", "exists_one", "filter", "map"])
            )
                .prop_map(|(a, b, name)| format!("[{a}].{name}(x, x == {b})")),
            (inner.clone(), inner.clone(), inner.clone()).prop_map(|(a, b, c)| format!("({a} ? {b} : {c})")),
            inner.prop_map(|a| format!("!({a})")),
        ]
    })
}

proptest! {
    #[test]
    fn no_text_panics(text in "\\PC{0,60}") {
        drop(Expression::compile(&text));
    }

    #[test]
    fn no_text_of_expression_signs_panics(text in "[a-c0-9.()\\[\\]{}'\"+*/%<>=!&|?:, \\\\\n-]{0,40}") {
        drop(Expression::compile(&text));
    }

    #[test]
    fn no_expression_panics_on_any_value(text in any_expression(), it in any_value()) {
        if let Ok(expression) = Expression::compile(&text) {
            let bindings = Bindings::new().with("it", &it);
            let first = expression.evaluate(&bindings, Budget::default());
            prop_assert_eq!(&first, &expression.evaluate(&bindings, Budget::default()));
            drop(expression.lint(&["it"], Wanted::Bool));
            let tiny = Budget { steps: 3, ..Budget::default() };
            drop(expression.evaluate(&bindings, tiny));
        }
    }

    /// Where `cel`'s own interpreter has an answer for integers, texts and truths, it is ours.
    #[test]
    fn agrees_with_the_interpreter_of_cel(text in any_cel()) {
        let theirs = cel::Program::compile(&text).unwrap().execute(&cel::Context::default());
        let ours = value(&text, &Value::Null);
        let theirs = match theirs {
            Ok(cel::Value::Int(int)) => json!(int),
            Ok(cel::Value::Bool(truth)) => json!(truth),
            Ok(cel::Value::String(text)) => json!(text.as_str()),
            _ => return Ok(()),
        };
        prop_assert_eq!(ours, Ok(theirs), "{}", text);
    }
}

fn any_cel() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        (0..100).prop_map(|int: i32| int.to_string()),
        Just("'a'".to_owned()),
        Just("'bc'".to_owned()),
        Just("true".to_owned()),
        Just("false".to_owned()),
        Just("[1, 2, 3]".to_owned()),
        Just("{'k': 1}.k".to_owned()),
        Just("{'k': 1}.missing".to_owned()),
    ];
    leaf.prop_recursive(4, 32, 3, |inner| {
        prop_oneof![
            (
                inner.clone(),
                inner.clone(),
                prop::sample::select(vec!["+", "-", "*", "==", "!=", "<", "<=", ">", ">=", "&&", "||"])
            )
                .prop_map(|(a, b, sign)| format!("({a} {sign} {b})")),
            (inner.clone(), inner.clone(), inner.clone()).prop_map(|(a, b, c)| format!("({a} ? {b} : {c})")),
            inner.clone().prop_map(|a| format!("size({a})")),
            (inner.clone(), prop::sample::select(vec!["exists", "all", "exists_one"]))
                .prop_map(|(a, name)| format!("[1, 2, 3].{name}(x, x < {a})")),
            inner.clone().prop_map(|a| format!("[1, 2].map(x, x == {a})[0]")),
            inner.prop_map(|a| format!("!({a})")),
        ]
    })
}
