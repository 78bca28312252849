// Three planes to light. The matrix and the constant hold ITU-T H.273's equations for the picture's own matrix and range.
#ifdef GL_ES
    precision highp float;
#endif
#if NEW_INTERFACE
    in vec2 v_place;
    out vec4 f_colour;
    #define SAMPLE texture
#else
    varying vec2 v_place;
    #define f_colour gl_FragColor
    #define SAMPLE texture2D
#endif

uniform sampler2D u_luma;
uniform sampler2D u_blue;
uniform sampler2D u_red;
uniform mat3 u_rgb_from_yuv;
uniform vec3 u_rgb_of_zero;
uniform vec2 u_chroma_shift;

// The framebuffer clamps. Every operation here is done for each pixel, by the CPU where there is no GPU.
void main() {
    vec2 chroma = v_place + u_chroma_shift;
    vec3 yuv = vec3(SAMPLE(u_luma, v_place).r, SAMPLE(u_blue, chroma).r, SAMPLE(u_red, chroma).r);
    f_colour = vec4(u_rgb_from_yuv * yuv + u_rgb_of_zero, 1.0);
}
