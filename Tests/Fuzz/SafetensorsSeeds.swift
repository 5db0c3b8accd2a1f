// Writes the seeds of SafetensorsFuzz into the directory named by the first argument: a valid file with one of
// everything, and all the broken ones of the tests.

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

@main
struct SafetensorsSeeds {
  static func main() {
    var seeds = [("sample", TinySafetensors.sample().bytes())]
    for (index, broken) in BrokenSafetensors.all.enumerated() where broken.bytes.count < 64 << 10 {
      seeds.append(("\(broken.row)-\(index)", broken.bytes))
    }
    for (name, bytes) in seeds {
      guard let file = fopen(CommandLine.arguments[1] + "/" + name, "wb") else { exit(1) }
      fwrite(bytes, 1, bytes.count, file)
      fclose(file)
    }
  }
}
