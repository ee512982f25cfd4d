/** The first message of a client of TLS 1.2, of which nothing follows. */

const u16 = (value: number): number[] => [value >> 8, value & 0xff];
const sized = (bytes: readonly number[]): number[] => [...u16(bytes.length), ...bytes];
const ascii = (text: string): number[] => [...new TextEncoder().encode(text)];
const extension = (type: number, bytes: readonly number[]): number[] => [...u16(type), ...sized(bytes)];

/** A ClientHello that names a host and one protocol (RFC 5246, 7.4.1.2; RFC 6066, 3; RFC 7301, 3.1). */
export function clientHello(host: string, protocol: string): Uint8Array<ArrayBuffer> {
  const name = ascii(protocol);
  const extensions = [
    ...extension(0, sized([0, ...sized(ascii(host))])),
    ...extension(16, sized([name.length, ...name])),
    // Curves and signatures: P-256, with ECDSA and SHA-256.
    ...extension(10, sized(u16(0x0017))),
    ...extension(13, sized(u16(0x0403))),
  ];
  // ECDHE-ECDSA with AES-128-GCM, and no compression.
  const body = [3, 3, ...new Uint8Array(32), 0, ...sized(u16(0xc02b)), 1, 0, ...sized(extensions)];
  const message = [1, 0, ...sized(body)];
  return new Uint8Array([22, 3, 1, ...sized(message)]);
}
