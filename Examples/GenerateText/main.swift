// Streams text from a model: GenerateText MODEL.gguf [PROMPT]

import Apus

let arguments = CommandLine.arguments.dropFirst()
guard let path = arguments.first else { fatalError("usage: GenerateText MODEL.gguf [PROMPT]") }
let session = try Model(path).makeSession()
var options = GenerationOptions()
options.maxTokens = 40
options.sampling.temperature = 0
for try await text in session.generate(arguments.dropFirst().first ?? "Once upon a time", options) {
  print(text, terminator: "")
}
print()
