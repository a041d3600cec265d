// A bare JsSIP phone, driven from outside through `phone` and reporting through the binding `report`.
"use strict";

const phone = (() => {
  let agent = null;
  let session = null;
  let options = {};
  let context = null;
  let ear = null;

  const now = () => performance.timeOrigin + performance.now();
  const tell = (type, detail = {}) => window.report?.(JSON.stringify({ type, at: now(), ...detail }));

  // The moment at which JsSIP really hands an INVITE to the network.
  const send = WebSocket.prototype.send;
  WebSocket.prototype.send = function (data) {
    if (typeof data === "string" && data.startsWith("INVITE ")) tell("invite_sent");
    return send.call(this, data);
  };

  const audio = () =>
    options.processing ? true : { echoCancellation: false, noiseSuppression: false, autoGainControl: false };

  const media = () => ({
    mediaConstraints: { audio: audio(), video: false },
    pcConfig: { iceServers: options.iceServers, rtcpMuxPolicy: "require" },
    rtcOfferConstraints: { offerToReceiveAudio: true },
  });

  const watch = (connection) => {
    connection.addEventListener("iceconnectionstatechange", () => tell("ice", { state: connection.iceConnectionState }));
    connection.addEventListener("connectionstatechange", () => tell("transport", { state: connection.connectionState }));
    connection.addEventListener("track", ({ track, streams }) => {
      const stream = streams[0] ?? new MediaStream([track]);
      document.getElementById("speaker").srcObject = stream;
      // A remote track is muted until its first packet has been received.
      track.addEventListener("unmute", () => tell("media"));
      track.addEventListener("mute", () => tell("media_stopped"));
      ear?.source.disconnect();
      ear = null;
    });
  };

  const adopt = (added) => {
    session = added;
    if (session.connection) watch(session.connection);
    else session.on("peerconnection", ({ peerconnection }) => watch(peerconnection));
    session.on("progress", ({ response }) => tell("progress", { status: response?.status_code ?? 0 }));
    session.on("accepted", () => tell("accepted"));
    session.on("confirmed", () => tell("confirmed"));
    session.on("ended", ({ cause, originator }) => tell("ended", { cause, originator }));
    session.on("failed", ({ cause, originator, message }) =>
      tell("failed", { cause, originator, status: message?.status_code ?? 0 }));
    session.on("hold", ({ originator }) => tell("hold", { originator }));
    session.on("unhold", ({ originator }) => tell("unhold", { originator }));
    session.on("newDTMF", ({ originator, dtmf }) => {
      if (originator === "remote") tell("key", { digit: dtmf.tone });
    });
  };

  return {
    start(config) {
      options = config;
      agent = new JsSIP.UA({
        sockets: [new JsSIP.WebSocketInterface(config.url)],
        uri: config.uri,
        authorization_user: config.authUser,
        password: config.password,
        display_name: config.displayName,
        register: config.register,
        register_expires: config.registerExpires,
        session_timers: false,
        connection_recovery_min_interval: 1,
        connection_recovery_max_interval: 2,
      });
      agent.on("connected", () => tell("connected"));
      agent.on("disconnected", ({ reason }) => tell("disconnected", { reason: reason ?? "" }));
      agent.on("registered", () => tell("registered"));
      agent.on("unregistered", () => tell("unregistered"));
      agent.on("registrationFailed", ({ cause, response }) =>
        tell("registration_failed", { cause, status: response?.status_code ?? 0 }));
      agent.on("newRTCSession", ({ originator, session: added }) => {
        if (originator === "remote") {
          adopt(added);
          tell("incoming", {
            number: added.remote_identity.uri.user,
            name: added.remote_identity.display_name ?? "",
          });
        }
      });
      agent.start();
    },
    register: () => agent.register(),
    call(target) {
      tell("click");
      adopt(agent.call(target, media()));
    },
    answer() {
      tell("click");
      session.answer(media());
    },
    hangUp: () => session.terminate(),
    hold: () => session.hold(),
    resume: () => session.unhold(),
    mute: (on) => (on ? session.mute({ audio: true }) : session.unmute({ audio: true })),
    transfer: (target) => session.refer(target),
    async sendKeys(digits) {
      const connection = session.connection; // digits travel in the media: it must be there
      while (connection.connectionState !== "connected") await new Promise((resume) => setTimeout(resume, 10));
      session.sendDTMF(digits, { transportType: "RFC2833", duration: 100, interToneGap: 70 });
    },
    stop: () => agent?.stop(),

    // The latest stretch of what is heard, as 32-bit floats in base64. The graph is made on first use: it costs.
    async hear(seconds) {
      const stream = document.getElementById("speaker").srcObject;
      if (!stream) return null;
      context ??= new AudioContext();
      if (context.state !== "running") await context.resume();
      if (!ear) {
        const analyser = new AnalyserNode(context, { fftSize: 32768 });
        const source = context.createMediaStreamSource(stream);
        source.connect(analyser);
        ear = { analyser, source };
      }
      const wanted = Math.min(32768, Math.round(seconds * context.sampleRate));
      const end = context.currentTime + wanted / context.sampleRate;
      while (context.currentTime < end) await new Promise((resume) => setTimeout(resume, 20));
      const samples = new Float32Array(32768);
      ear.analyser.getFloatTimeDomainData(samples);
      const bytes = new Uint8Array(samples.slice(32768 - wanted).buffer);
      let text = "";
      for (let i = 0; i < bytes.length; i += 8192) text += String.fromCharCode(...bytes.subarray(i, i + 8192));
      return { rate: context.sampleRate, samples: btoa(text) };
    },

    async statistics() {
      const rows = [];
      for (const row of (await session.connection.getStats()).values()) {
        if (["inbound-rtp", "outbound-rtp", "codec", "candidate-pair"].includes(row.type)) rows.push(row);
      }
      return rows;
    },
  };
})();
