/** Properties that have a name, with their source. */
export const readyProperties: Readonly<Record<string, { readonly source: string; readonly about: string }>> = {
  quotes: {
    source: 'inside("\\"", "\\"", "\\n\\n") or inside("“", "”", "\\n\\n")',
    about: 'inside double quotes; an empty line ends them, too',
  },
  comment: { source: 'comment', about: 'inside a comment of code like C' },
  string: { source: 'string', about: 'inside a string or character of code like C' },
  'comment-or-string': { source: 'comment or string', about: 'inside a comment or string of code like C' },
  if: { source: 'within("if", "(", ")")', about: 'inside the parentheses of if (…)' },
  'line-position': { source: 'column', about: 'characters since the line began' },
  depth: {
    source: 'depth("(", ")") + depth("[", "]") + depth("{", "}")',
    about: 'brackets of all kinds that are open',
  },
  indent: { source: 'indent', about: 'spaces and tabs the line begins with' },
  newline: { source: 'after("\\n")', about: 'right after a line break' },
  'upper-case': { source: 'upper', about: 'at a capital letter' },
  'word-length': { source: 'word', about: 'letters of the word so far' },
};
