import { defineConfig } from "vite";

const api = "http://127.0.0.1:8001";

export default defineConfig({
  base: "./",
  build: {
    // MapLibre alone is about 1 MB before compression; there is no second page to split it from.
    chunkSizeWarningLimit: 1500,
  },
  worker: { format: "es" },
  server: { proxy: { "/flights": api } },
});
