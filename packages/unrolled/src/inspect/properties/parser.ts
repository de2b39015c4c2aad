import { ConfigError } from '../../errors.ts';
import { PatternMistake } from './character-class.ts';
import { mistake, type Token, tokenize } from './lexer.ts';
import type { Property } from './property.ts';
import { readyProperties } from './ready.ts';
import {
  arithmetic,
  type Callable,
  comparisons,
  type Expression,
  functions,
  type Kind,
  logic,
  words,
} from './vocabulary.ts';

/** Longer sources and deeper parentheses are mistakes, and would take the stack with them. */
const [longest, deepest] = [2000, 40];

/**
 * A property from its source:
 *
 *     either     = both { "or" both }
 *     both       = denied { "and" denied }
 *     denied     = "not" denied | comparison
 *     comparison = sum [ ( "<" | "<=" | ">" | ">=" | "=" | "!=" ) sum ]
 *     sum        = product { ( "+" | "-" ) product }
 *     product    = factor { "*" factor }
 *     factor     = "-" factor | number | word | call | "(" either ")"
 *     call       = name "(" text { "," text } [ "," number ] ")"
 *
 * Words: `column`, `indent`, `word`, `letter`, `upper`, `lower`, `digit`, `space`, `comment`, `string`, and of the ready
 * properties those without a hyphen. Functions: `inside`, `depth`, `within`, `after`, `since`, `matches`. A number counts
 * as true where it is not 0.
 * @throws ConfigError with the column of the mistake
 */
export function parseExpression(source: string): Property {
  if (source.length > longest) {
    throw mistake(`${source.slice(0, 40)}…`, longest, `a property is at most ${longest} characters long`);
  }
  const parser = new Parser(source);
  const { kind, scan } = parser.parse();
  return { name: source.trim(), kind, of: scan };
}

const knownWords = [...new Set([...Object.keys(words), ...Object.keys(readyProperties)])].filter((name) =>
  /^\w+$/.test(name),
);

/**
 * A property by its name (`readyProperties`) or from its source; `parseExpression` has the grammar.
 * @throws ConfigError with the column of the mistake
 *
 * @example
 * parseProperty('quotes');
 * parseProperty('inside("(", ")") and not upper').of([...'f(aB)']);   // 0 1 1 0 0
 */
export function parseProperty(source: string): Property {
  const name = source.trim();
  if (name === '') {
    throw new ConfigError(
      `property: it is empty; give a name (${Object.keys(readyProperties).join(', ')}) or an expression such as ` +
        'inside("(", ")")',
    );
  }
  if (!Object.hasOwn(readyProperties, name)) {
    // An expression with a ready name in it would need to know both; a name alone that is none is a mistyped one.
    if (/^[a-z]+(-[a-z]+)+$/.test(name)) {
      throw new ConfigError(
        `property: there is no '${name}'; names are ${Object.keys(readyProperties).join(', ')}, or write an expression ` +
          'such as inside("(", ")")',
        { name },
      );
    }
    return parseExpression(source);
  }
  return { ...parseExpression(readyProperties[name].source), name };
}

class Parser {
  readonly #source: string;
  readonly #tokens: readonly Token[];
  #place = 0;
  #depth = 0;

  constructor(source: string) {
    this.#source = source;
    this.#tokens = tokenize(source);
  }

  parse(): Expression {
    const expression = this.#either();
    if (this.#next.kind !== 'end') throw this.#unexpected('"and", "or", an operator or the end');
    return expression;
  }

  get #next(): Token {
    return this.#tokens[this.#place];
  }

  /** Whether the next token is one of these symbols or names; then it is taken. */
  #take(...texts: readonly string[]): string | null {
    const { kind, text } = this.#next;
    if ((kind !== 'symbol' && kind !== 'name') || !texts.includes(text)) return null;
    this.#place++;
    return text;
  }

  #unexpected(expected: string): Error {
    const { kind, text, column } = this.#next;
    const found = kind === 'end' ? 'the end' : kind === 'string' ? 'a text' : `'${text}'`;
    return mistake(this.#source, column, `expected ${expected}, found ${found}`);
  }

  #either(): Expression {
    if (++this.#depth > deepest) {
      throw mistake(this.#source, this.#next.column, `more than ${deepest} parentheses within each other`);
    }
    const expression = this.#joined(['or'], () => this.#joined(['and'], () => this.#denied()));
    this.#depth--;
    return expression;
  }

  #joined(operators: readonly string[], operand: () => Expression): Expression {
    let left = operand();
    for (let operator = this.#take(...operators); operator !== null; operator = this.#take(...operators)) {
      const truth = logic[operator];
      left = truth
        ? pointwise('binary', left, operand(), (a, b) => Number(truth(a, b)))
        : pointwise('graded', left, operand(), arithmetic[operator]);
    }
    return left;
  }

  #denied(): Expression {
    let denied = false;
    let any = false;
    while (this.#take('not') !== null) [denied, any] = [!denied, true];
    const expression = this.#comparison();
    if (!any) return expression;
    return pointwise('binary', expression, constant(0), (a) => Number((a === 0) === denied));
  }

  #comparison(): Expression {
    const left = this.#sum();
    const operator = this.#take(...Object.keys(comparisons));
    if (operator === null) return left;
    const compare = comparisons[operator];
    const right = this.#sum();
    if (this.#next.kind === 'symbol' && Object.hasOwn(comparisons, this.#next.text)) {
      throw this.#unexpected('no second comparison (join two with "and")');
    }
    return pointwise('binary', left, right, (a, b) => Number(compare(a, b)));
  }

  #sum(): Expression {
    return this.#joined(['+', '-'], () => this.#joined(['*'], () => this.#factor()));
  }

  #factor(): Expression {
    let negative = false;
    while (this.#take('-') !== null) negative = !negative;
    const expression = this.#positive();
    return negative ? pointwise('graded', constant(0), expression, arithmetic['-']) : expression;
  }

  #positive(): Expression {
    const { kind, text, column } = this.#next;
    if (this.#take('(') !== null) {
      const expression = this.#either();
      this.#close('(', column);
      return expression;
    }
    if (kind === 'number') {
      this.#place++;
      return constant(Number(text));
    }
    if (kind === 'string') {
      throw mistake(this.#source, column, `a text alone is no property; expected a function, such as after("${text}")`);
    }
    if (kind !== 'name' || text === 'and' || text === 'or' || text === 'not') {
      throw this.#unexpected('a number, a word such as column, or a function such as inside("(", ")")');
    }
    this.#place++;
    if (Object.hasOwn(functions, text)) return this.#call(functions[text], column);
    const ready = Object.hasOwn(readyProperties, text) && !Object.hasOwn(words, text);
    if (!ready && !Object.hasOwn(words, text)) {
      throw mistake(
        this.#source,
        column,
        `there is no '${text}'; words are ${knownWords.join(', ')}; functions are ${Object.keys(functions).join(', ')}`,
      );
    }
    if (this.#next.text === '(' && this.#next.kind === 'symbol') {
      throw mistake(this.#source, this.#next.column, `${text} is a word, and takes nothing in parentheses`);
    }
    return ready ? new Parser(readyProperties[text].source).parse() : words[text];
  }

  #close(open: string, column: number): void {
    if (this.#take(')') === null) throw this.#unexpected(`')' for the ${open} in column ${column}`);
  }

  #call({ form, texts: [least, most], number = false, make }: Callable, begin: number): Expression {
    const { column } = this.#next;
    if (this.#take('(') === null) throw this.#unexpected(`'(': it is ${form}`);
    const texts: Token[] = [];
    let count: Token | null = null;
    do {
      const { kind } = this.#next;
      if (kind === 'string' && count === null && texts.length < most) texts.push(this.#next);
      else if (kind === 'number' && number && count === null && texts.length >= least) count = this.#next;
      else throw this.#unexpected(`${texts.length < least ? 'a text in quotes' : "')'"}: it is ${form}`);
      this.#place++;
    } while (this.#take(',') !== null);
    if (texts.length < least) throw this.#unexpected(`${least} texts: it is ${form}`);
    this.#close('(', column);
    const empty = texts.find(({ text }) => text === '');
    if (empty) throw mistake(this.#source, empty.column, 'this text is empty');
    const steps = count === null ? 1 : Number(count.text);
    if (!Number.isInteger(steps) || steps < 1) {
      throw mistake(this.#source, count!.column, 'this must be a whole number from 1');
    }
    try {
      return make(
        texts.map(({ text }) => text),
        steps,
      );
    } catch (error) {
      if (!(error instanceof PatternMistake)) throw error;
      // The pattern begins behind its quote; an escape before the mistake shifts it by one.
      throw mistake(this.#source, (texts[0]?.column ?? begin) + 1 + error.place, error.message);
    }
  }
}

const constant = (value: number): Expression => ({
  kind: value === 0 || value === 1 ? 'binary' : 'graded',
  scan: (characters) => new Float32Array(characters.length).fill(value),
});

function pointwise(kind: Kind, a: Expression, b: Expression, of: (a: number, b: number) => number): Expression {
  return {
    kind,
    scan(characters) {
      const left = a.scan(characters);
      const right = b.scan(characters);
      for (let i = 0; i < left.length; i++) left[i] = of(left[i], right[i]);
      return left;
    },
  };
}
