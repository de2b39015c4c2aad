/** Reads the exported functions' signatures from the AssemblyScript sources and writes them as a TypeScript interface. */

const types: Record<string, string> = {
  usize: 'Pointer',
  i32: 'number',
  u32: 'number',
  f32: 'number',
  f64: 'number',
  void: 'void',
};

const declaration =
  /(\/\*\*(?:(?!\*\/)[\s\S])*\*\/\n)?(?:\/\/ @ts-ignore[^\n]*\n@\w+\n)?export function (\w+)\(([^)]*)\): (\w+)/g;

const enumeration = /export const enum (\w+) \{([^}]*)\}/g;

function typeOf(name: string, where: string): string {
  const type = types[name];
  if (type === undefined) throw new Error(`kernels: ${where} has type ${name}, which no caller outside wasm can pass`);
  return type;
}

/** @throws Error when an exported name has no declaration in the sources */
export function kernelsInterface(sources: Map<string, string>, exported: string[]): string {
  const methods = new Map<string, string>();
  for (const text of sources.values()) {
    for (const [, comment = '', name, parameters, result] of text.matchAll(declaration)) {
      if (!exported.includes(name)) continue;
      const list = parameters
        .split(',')
        .map((parameter) => parameter.trim())
        .filter((parameter) => parameter !== '')
        .map((parameter) => {
          const [parameterName, type] = parameter.split(':').map((part) => part.trim());
          return `${parameterName}: ${typeOf(type, `${name}(${parameterName})`)}`;
        });
      const documentation = comment.replaceAll(/^(?=.)/gm, '  ');
      methods.set(name, `${documentation}  ${name}(${list.join(', ')}): ${typeOf(result, name)};\n`);
    }
  }
  const constants: string[] = [];
  for (const text of sources.values()) {
    for (const [, name, members] of text.matchAll(enumeration)) {
      const list = members.split(',').map((member) => member.trim());
      const entries = list.filter((member) => member !== '').map((member, index) => `${member}: ${index}`);
      constants.push(`export const ${name} = { ${entries.join(', ')} } as const;\n`);
    }
  }
  const missing = exported.filter((name) => !methods.has(name));
  if (missing.length > 0) throw new Error(`kernels: no signature found for ${missing.join(', ')}`);
  return `/** A byte address in the kernels' memory; a multiple of 4. */
export type Pointer = number;

${constants.join('')}
/** The kernels' exports. Made by packages/kernels/build.ts: change the sources in packages/kernels/assembly instead. */
export interface Kernels {
${exported.map((name) => methods.get(name)).join('\n')}}
`;
}
