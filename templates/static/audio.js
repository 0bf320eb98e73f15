/* The audio stage (partials/stage-audio.html). */

export { play } from "./player.js";
