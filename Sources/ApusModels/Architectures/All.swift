// The families of networks. To add one: write its file, add its line.

/// Every architecture.
package let allArchitectures: [any Architecture.Type] = [
  Llama.self,
  Qwen2.self,
  Qwen3.self,
  Gemma2.self,
  Gemma3.self,
  GemmaEmbedding.self,
  GPT2.self,
  Phi3.self,
  Bert.self,
  NomicBert.self,
]
