// Luma and chroma to light. `RGB_FROM_YUV` and `RGB_OF_ZERO` are ITU-T H.273's equations for the picture's own matrix and
// range, and come before this text.
#ifdef GL_ES
    precision highp float;
#endif
#if NEW_INTERFACE
    in vec2 v_place;
    out vec4 f_colour;
    #define SAMPLE texture
    #define CHROMA rg
#else
    varying vec2 v_place;
    #define f_colour gl_FragColor
    #define SAMPLE texture2D
    #define CHROMA ra
#endif

uniform sampler2D u_luma;
uniform sampler2D u_chroma;
uniform vec2 u_chroma_shift;

// The framebuffer clamps. Every operation here is done for each pixel, by the CPU where there is no GPU.
void main() {
    vec3 yuv = vec3(SAMPLE(u_luma, v_place).r, SAMPLE(u_chroma, v_place + u_chroma_shift).CHROMA);
    f_colour = vec4(RGB_FROM_YUV * yuv + RGB_OF_ZERO, 1.0);
}
