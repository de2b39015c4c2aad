import ts from 'typescript';

/**
 * Declarations in which every optional property may also be given as undefined, as the sources that they come from mean it
 * (`exactOptionalPropertyTypes` is off there): `x?: T` becomes `x?: T | undefined`. To users with that option on it would
 * otherwise mean something narrower.
 */
export function allowUndefined(declarations: string): string {
  const source = ts.createSourceFile('declarations.d.ts', declarations, ts.ScriptTarget.Latest);
  const insertions: { at: number; text: string }[] = [];
  const visit = (node: ts.Node): void => {
    if (ts.isPropertySignature(node) && node.questionToken && node.type && !takesUndefined(node.type)) {
      const open = ts.isFunctionTypeNode(node.type) || ts.isConditionalTypeNode(node.type);
      if (open) insertions.push({ at: node.type.getStart(source), text: '(' });
      insertions.push({ at: node.type.end, text: `${open ? ')' : ''} | undefined` });
    }
    ts.forEachChild(node, visit);
  };
  visit(source);
  let result = declarations;
  for (const { at, text } of insertions.sort((a, b) => b.at - a.at))
    result = result.slice(0, at) + text + result.slice(at);
  return result;
}

function takesUndefined(type: ts.TypeNode): boolean {
  if (ts.isUnionTypeNode(type)) return type.types.some(takesUndefined);
  return type.kind === ts.SyntaxKind.UndefinedKeyword || type.kind === ts.SyntaxKind.UnknownKeyword;
}
