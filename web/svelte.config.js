// Fragments are built as elements, not parsed from text: no innerHTML anywhere.
export default { compilerOptions: { fragments: 'tree', runes: true } };
