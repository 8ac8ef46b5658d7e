"""Reads Python source from stdin and writes its syntax tree as JSON; never runs a line of it.

A node is [kind, line, column, text, number, children, decorators]; kinds are those of script/node.hpp.
"""
import ast
import json
import sys

DEEPEST = 350
BINARY = {ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.Div: "/", ast.FloorDiv: "//", ast.Mod: "%", ast.Pow: "**"}
COMPARE = {ast.Eq: "==", ast.NotEq: "!=", ast.Lt: "<", ast.LtE: "<=", ast.Gt: ">", ast.GtE: ">=", ast.Is: "is",
           ast.IsNot: "is not", ast.In: "in", ast.NotIn: "not in"}
UNARY = {ast.Not: "not", ast.USub: "-", ast.UAdd: "+", ast.Invert: "~"}


class TooDeep(Exception):
    pass


def node(kind, at, text="", children=(), number=0, decorators=()):
    return [kind, getattr(at, "lineno", 0), getattr(at, "col_offset", 0) + 1, text, number, list(children),
            list(decorators)]


def constant(at):
    value = at.value
    if value is None:
        return node("Nothing", at, "None")
    if value is ...:
        return node("Block", at)
    if isinstance(value, bool):
        return node("Bool", at, number=int(value))
    if isinstance(value, (int, float)):
        number = float(value) if abs(value) < 1e300 else 0
        return node("Number", at, repr(value) if abs(value) < 1e300 else "0", number=number)
    if isinstance(value, str):
        return node("String", at, value.encode("utf-8", "replace").decode("utf-8"))
    if isinstance(value, bytes):
        return node("String", at, value.decode("utf-8", "replace"))
    return node("Other", at, type(value).__name__)


def many(items, depth):
    return [convert(item, depth) for item in items]


def block(statements, at, depth):
    return node("Block", at, children=many(statements, depth))


def function(at, depth):
    args = at.args
    plain = [*args.posonlyargs, *args.args]
    defaults = [None] * (len(plain) - len(args.defaults)) + list(args.defaults)
    body = at.body if isinstance(at.body, list) else None
    children = [block(body, at, depth) if body is not None else convert(at.body, depth)]
    for arg, default in [*zip(plain, defaults), *zip(args.kwonlyargs, args.kw_defaults)]:
        name = node("Name", arg, arg.arg)
        children.append(node("Parameter", arg, "", [name, convert(default, depth)] if default else [name]))
    if args.vararg:
        children.append(node("Parameter", args.vararg, "...", [node("Name", args.vararg, args.vararg.arg)]))
    decorators = many(getattr(at, "decorator_list", []), depth)
    return node("Function", at, getattr(at, "name", ""), children, 0 if body is not None else 1, decorators)


def joined(at, depth):
    parts = []
    for part in at.values:
        if isinstance(part, ast.FormattedValue):
            inner = convert(part.value, depth)
            spec = part.format_spec.values if part.format_spec else []
            if part.conversion not in (-1, 115) or len(spec) > 1 or (spec and not isinstance(spec[0], ast.Constant)):
                parts.append(node("Other", part, "a format", [inner]))
            elif spec:
                text = node("String", part, spec[0].value)
                parts.append(node("Call", part, "", [node("Name", part, "format"), inner, text]))
            else:
                parts.append(inner)
        else:
            parts.append(convert(part, depth))
    return node("Template", at, children=parts)


def comparison(at, depth):
    left, whole = at.left, None
    for operator, right in zip(at.ops, at.comparators):
        one = node("Binary", at, COMPARE[type(operator)], [convert(left, depth), convert(right, depth)])
        whole = one if whole is None else node("Binary", at, "and", [whole, one])
        left = right
    return whole


def assigned(at, depth):
    if isinstance(at, ast.AnnAssign):
        return node("Assign", at, "=", [convert(at.target, depth), convert(at.value, depth)]) if at.value else node("Block", at)
    if isinstance(at, ast.AugAssign):
        sign = BINARY.get(type(at.op), "?") + "="
        return node("Assign", at, sign, [convert(at.target, depth), convert(at.value, depth)])
    value = convert(at.value, depth)
    all_of = [node("Assign", at, "=", [convert(target, depth), value]) for target in at.targets]
    return all_of[0] if len(all_of) == 1 else node("Block", at, children=all_of)


def attempt(at, depth):
    handler = block([line for one in at.handlers for line in one.body], at, depth) if at.handlers else None
    body = block([*at.body, *at.orelse], at, depth)
    return node("Try", at, children=[body, handler, block(at.finalbody, at, depth) if at.finalbody else None])


def imported(at):
    module = getattr(at, "module", None) or ""
    names = []
    for alias in at.names:
        if isinstance(at, ast.ImportFrom):
            names.append(node("ImportName", at, alias.name, [node("Name", at, alias.asname or alias.name)]))
        else:
            whole = alias.name if alias.asname else alias.name.split(".")[0]
            names.append(node("ImportName", at, whole, [node("Name", at, alias.asname or whole)]))
    return node("Import", at, "." * getattr(at, "level", 0) + module, names)


def with_block(at, depth):
    body = block(at.body, at, depth)
    for item in reversed(at.items):
        target = convert(item.optional_vars, depth) if item.optional_vars else None
        body = node("With", at, "", [convert(item.context_expr, depth), target, body])
    return body


def called(at, depth):
    children = [convert(at.func, depth), *many(at.args, depth)]
    for keyword in at.keywords:
        value = convert(keyword.value, depth)
        children.append(node("Keyword", keyword.value, keyword.arg, [value]) if keyword.arg
                        else node("Spread", keyword.value, "", [value]))
    return node("Call", at, "", children)


def mapping(at, depth):
    children = []
    for key, value in zip(at.keys, at.values):
        if key is None:
            children.append(node("Spread", at, "", [convert(value, depth)]))
        elif isinstance(key, ast.Constant) and isinstance(key.value, str):
            children.append(node("Property", key, key.value, [convert(value, depth)]))
        else:
            children.append(node("Property", key, "", [convert(value, depth), convert(key, depth)]))
    return node("Object", at, "", children)


def folded(at, depth):
    whole = convert(at.values[0], depth)
    for value in at.values[1:]:
        whole = node("Binary", at, "and" if isinstance(at.op, ast.And) else "or", [whole, convert(value, depth)])
    return whole


def branched(at, depth):
    children = [convert(at.test, depth), block(at.body, at, depth)]
    return node("If", at, "", [*children, block(at.orelse, at, depth)] if at.orelse else children)


def asserted(at, depth):
    test = node("Unary", at, "not", [convert(at.test, depth)])
    return node("If", at, "assert", [test, block([ast.Raise(lineno=at.lineno, col_offset=0)], at, depth)])


SIMPLE = {
    ast.Constant: lambda at, d: constant(at),
    ast.Name: lambda at, d: node("Name", at, at.id),
    ast.JoinedStr: joined,
    ast.List: lambda at, d: node("List", at, "", many(at.elts, d)),
    ast.Tuple: lambda at, d: node("List", at, "", many(at.elts, d)),
    ast.Set: lambda at, d: node("List", at, "", many(at.elts, d)),
    ast.Dict: mapping,
    ast.Attribute: lambda at, d: node("Member", at, at.attr, [convert(at.value, d)]),
    ast.Subscript: lambda at, d: node("Index", at, "", [convert(at.value, d), convert(at.slice, d)]),
    ast.Call: called,
    ast.Starred: lambda at, d: node("Spread", at, "", [convert(at.value, d)]),
    ast.UnaryOp: lambda at, d: node("Unary", at, UNARY[type(at.op)], [convert(at.operand, d)]),
    ast.BinOp: lambda at, d: node("Binary", at, BINARY.get(type(at.op), "?"), [convert(at.left, d), convert(at.right, d)]),
    ast.BoolOp: folded,
    ast.Compare: comparison,
    ast.IfExp: lambda at, d: node("Choice", at, "", [convert(at.test, d), convert(at.body, d), convert(at.orelse, d)]),
    ast.Lambda: function,
    ast.FunctionDef: function,
    ast.AsyncFunctionDef: function,
    ast.Await: lambda at, d: convert(at.value, d),
    ast.Assign: assigned,
    ast.AnnAssign: assigned,
    ast.AugAssign: assigned,
    ast.Expr: lambda at, d: convert(at.value, d),
    ast.If: branched,
    ast.For: lambda at, d: node("ForEach", at, "in", [convert(at.target, d), convert(at.iter, d), block(at.body, at, d)]),
    ast.While: lambda at, d: node("While", at, "", [convert(at.test, d), block(at.body, at, d)]),
    ast.Return: lambda at, d: node("Return", at, "", [convert(at.value, d)] if at.value else []),
    ast.Break: lambda at, d: node("Break", at),
    ast.Continue: lambda at, d: node("Continue", at),
    ast.Raise: lambda at, d: node("Throw", at),
    ast.Pass: lambda at, d: node("Block", at),
    ast.Global: lambda at, d: node("Block", at),
    ast.Nonlocal: lambda at, d: node("Block", at),
    ast.Assert: asserted,
    ast.Try: attempt,
    ast.With: with_block,
    ast.AsyncWith: with_block,
    ast.Import: lambda at, d: imported(at),
    ast.ImportFrom: lambda at, d: imported(at),
    ast.ClassDef: lambda at, d: node("Class", at, at.name, [block(at.body, at, d), *many(at.bases, d)], 0,
                                     many(at.decorator_list, d)),
}


def convert(at, depth):
    if depth > DEEPEST:
        raise TooDeep
    make = SIMPLE.get(type(at))
    if make is not None:
        return make(at, depth + 1)
    inner = [convert(child, depth + 1) for child in ast.iter_child_nodes(at) if isinstance(child, (ast.expr, ast.stmt))]
    return node("Other", at, type(at).__name__, inner)


def main():
    sys.setrecursionlimit(5000)
    try:
        source = sys.stdin.buffer.read()
        tree = ast.parse(source)
        result = {"tree": block(tree.body, tree, 0)}
    except SyntaxError as error:
        result = {"line": error.lineno or 0, "column": error.offset or 0, "error": error.msg or "cannot be read"}
    except (TooDeep, RecursionError, MemoryError):
        result = {"line": 0, "column": 0, "error": "is nested too deeply"}
    except (ValueError, UnicodeError) as error:
        result = {"line": 0, "column": 0, "error": str(error)}
    sys.stdout.write(json.dumps(result))


main()
