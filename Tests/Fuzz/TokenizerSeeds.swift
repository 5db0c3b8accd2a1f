// Writes the seeds of TokenizerFuzz into the directory named by the first argument: one small vocabulary with
// merges and a text for every kind of tokenizer, with and without tokens for all bytes.

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

@main
struct TokenizerSeeds {
  static func main() {
    let pieces = [
      "<unk>", "<s>", "</s>", "\u{2581}the", "t", "h", "e", "[CLS]", "\u{120}a", "##s", "th", "the",
    ]
    let merges = ["t h", "th e", "\u{120} a"]
    let text = "the cat's 1234 caf\u{e9} \u{4e2d}\u{6587} \u{1F426}\u{200D}  \n\t<s>the\u{0}</s>"
    for kind in UInt8(0)..<5 {
      for pre in UInt8(0)..<26 where kind == 1 || pre == 0 {
        for flags in [UInt8(0), 1, 0xff] {
          var seed = [kind, pre, flags]
          for strings in [pieces, merges] {
            seed.append(UInt8(strings.count))
            for string in strings { seed += [UInt8(string.utf8.count)] + Array(string.utf8) }
          }
          seed += [0] + Array(text.utf8)
          guard let file = fopen("\(CommandLine.arguments[1])/\(kind)-\(pre)-\(flags)", "wb") else { exit(1) }
          fwrite(seed, 1, seed.count, file)
          fclose(file)
        }
      }
    }
  }
}
