/** door */
export function createCryptoDoor(residue) { return {}; }
