// A rectangle over the whole viewport. `v_place` runs from the picture's top left corner to its bottom right one.
#if NEW_INTERFACE
    in vec2 a_corner;
    out vec2 v_place;
#else
    attribute vec2 a_corner;
    varying vec2 v_place;
#endif

void main() {
    v_place = a_corner;
    gl_Position = vec4(2.0 * a_corner.x - 1.0, 1.0 - 2.0 * a_corner.y, 0.0, 1.0);
}
